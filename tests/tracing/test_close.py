"""Close: bounded, accurate, and compatible with jaeger-client's future."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest
import tornado.gen
import tornado.ioloop
from jaeger_client import ConstSampler
from jaeger_client.reporter import InMemoryReporter
from sidecar_tracing import Config, native
from udp_agent import UdpAgent, closed_port
from waiting import wait_until


def finish(tracer, count=1):
    for _ in range(count):
        tracer.start_span("span").finish()


def test_close_with_a_timeout_reports(agent, make_tracer):
    """close(timeout) returns the counts when all spans have been sent."""
    tracer = make_tracer()
    finish(tracer, 3)
    report = tracer.close(5)

    assert report
    assert (3, 0, {}) == (report.sent, report.unsent, report.dropped)
    assert 3 == len(agent.wait_for(3))


def test_close_without_a_timeout_is_a_future(agent, make_tracer):
    """close() returns at once; its future ends when all spans have been sent."""
    tracer = make_tracer()
    finish(tracer, 3)

    assert 3 == tracer.close().result(timeout=5).sent
    assert 3 == len(agent.wait_for(3))


def test_future_calls_back(make_tracer):
    """A callback on the future is called."""
    called = threading.Event()
    tracer = make_tracer()
    tracer.close().add_done_callback(lambda _: called.set())

    assert called.wait(5)


def test_future_can_be_awaited(make_tracer):
    """`await tracer.close()` works in asyncio."""
    tracer = make_tracer()
    finish(tracer)

    async def stop():
        return await tracer.close()

    assert 1 == asyncio.run(stop()).sent


def test_future_can_be_yielded_in_tornado(make_tracer):
    """`yield tracer.close()` works in a Tornado coroutine, as in jaeger-client's README."""
    tracer = make_tracer()
    finish(tracer)

    @tornado.gen.coroutine
    def stop():
        report = yield tracer.close()
        return report

    async def run():
        return await stop()

    assert 1 == asyncio.run(run()).sent


def test_cancelled_wait_does_not_cancel_the_close(make_tracer):
    """If asyncio.wait_for times out, the close goes on and sends when the agent is back."""
    port = closed_port()
    tracer = make_tracer(port=port)
    finish(tracer, 100)

    async def wait():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(tracer.close(), 0.1)

    asyncio.run(wait())
    with UdpAgent(port) as agent:
        report = tracer.close(5)

        assert 100 == report.sent == len(agent.wait_for(100))


def test_second_close_gives_the_same_answer(make_tracer):
    """Closing twice is harmless."""
    tracer = make_tracer()
    finish(tracer)

    assert tracer.close(5) == tracer.close(5) == tracer.close().result()


def test_second_close_waits_no_longer_than_it_may(make_tracer):
    """A second close with a shorter timeout returns in time and reports what is queued."""
    tracer = make_tracer(port=closed_port())
    finish(tracer, 5)
    first = tracer.close()
    report = tracer.close(0.05)

    assert (0, 5, {}) == (report.sent, report.unsent, report.dropped)
    assert not first.done()


def test_spans_after_close_are_counted(make_tracer):
    """A span that finishes after the close is dropped as closed."""
    tracer = make_tracer()
    tracer.close(5)
    finish(tracer, 2)

    assert {"closed": 2} == tracer.stats().dropped


def test_close_of_a_tracer_without_spans(make_tracer):
    """The close of a tracer without spans is complete."""
    assert make_tracer().close(5).complete


def test_close_where_no_thread_can_start(agent, make_tracer, monkeypatch):
    """If no thread can start at interpreter shutdown, close sends the spans itself."""
    tracer = make_tracer()

    def refuse(*_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(native, "start_thread", refuse)
    finish(tracer, 60)
    report = tracer.close(5)

    assert 60 == report.sent == len(agent.wait_for(60))


def test_thread_that_does_not_start_is_tried_again(agent, make_tracer, monkeypatch):
    """If no thread can start, a later span tries again, though the queue was full."""
    tracer = make_tracer(reporter_queue_size=5)

    def refuse(*_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(native, "start_thread", refuse)
        finish(tracer, 8)
    assert (5, {"queue_full": 3}) == (tracer.stats().queued, tracer.stats().dropped)
    wait_until(lambda: finish(tracer) or len(agent.spans) > 5)


def test_dead_thread_is_replaced(agent, make_tracer, monkeypatch, caplog):
    """A reporter thread that fails costs no span: the next span starts another thread."""
    tracer = make_tracer(reporter_flush_interval=0)
    with monkeypatch.context() as patch:
        patch.setattr(tracer.reporter._courier, "_next_batch", lambda: 1 / 0)
        finish(tracer)
        wait_until(
            lambda: (
                "reporter's thread failed" in caplog.text
                and not tracer.reporter._courier.is_running
            )
        )
    finish(tracer)

    assert 2 == len(agent.wait_for(2))


def test_close_ends_though_its_thread_fails(make_tracer, monkeypatch):
    """If the reporter's thread fails, close().result() still returns."""
    tracer = make_tracer()
    monkeypatch.setattr(tracer.reporter._courier, "_next_batch", lambda: 1 / 0)
    finish(tracer)

    assert 1 == tracer.close().result(5).unsent


@pytest.mark.parametrize("timeout", [float("inf"), 1e300, float("nan"), -1])
def test_unusual_timeouts_are_harmless(make_tracer, timeout):
    """A close with an endless, negative or invalid timeout ends and does not raise."""
    tracer = make_tracer()

    assert tracer.close(timeout).complete


def test_close_in_a_signal_handler_does_not_block_itself(agent, make_tracer):
    """A signal handler that interrupts a close can close, too."""
    tracer = make_tracer(port=closed_port())
    finish(tracer, 30)
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(tracer.close(0.1)))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    report = tracer.close(2)
    signal.signal(signal.SIGALRM, before)

    assert [(30, {})] == [(early.unsent, early.dropped) for early in seen]
    assert (30, {"close_timeout": 30}) == (report.unsent, report.dropped)


def test_reporters_of_ones_own_keep_their_close():
    """A tracer with another reporter closes as jaeger-client's does."""
    reporter = InMemoryReporter()
    tracer = Config({}, service_name="test").create_tracer(reporter, ConstSampler(True))
    finish(tracer, 2)

    async def close():
        return await tracer.close(1)

    assert asyncio.run(close())
    assert 2 == len(reporter.get_spans())
