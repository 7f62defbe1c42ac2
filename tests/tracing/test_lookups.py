"""The agent's name: it moves, it is away, or its resolver is slow; nothing waits for a resolver."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace

import pytest
from agent_network import Name, RateLimitedLine
from sidecar_tracing import delivery as delivery_module
from sidecar_tracing import line as line_module
from sidecar_tracing import lookups, native
from sidecar_tracing import sender as sender_module
from sidecar_tracing.lookups import Answer
from udp_agent import UdpAgent
from waiting import wait_until


def finish(tracer, count=1, name="span"):
    for _ in range(count):
        tracer.start_span(name).finish()


@pytest.fixture
def hanging(monkeypatch):
    """A name of loopback whose resolver does not answer until the test says so."""
    name = Name(monkeypatch, "127.0.0.1")
    name.answers.clear()
    yield name
    name.answers.set()


def test_agent_that_moves_is_found_by_its_name(agent, make_tracer, monkeypatch):
    """The name is resolved again, so an agent with a new address receives the spans."""
    resolve = socket.getaddrinfo
    moved = []
    monkeypatch.setattr(sender_module, "RESOLVE_SECONDS", 0.05)
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _, port, **options: resolve("127.0.0.1", (moved or [port])[0], **options),
    )
    with UdpAgent() as new:
        tracer = make_tracer(host="agent", reporter_flush_interval=0.05)
        finish(tracer, name="old")
        agent.wait_for(1)
        moved.append(new.port)
        wait_until(lambda: finish(tracer, name="new") or "new" in new.names)

        assert "old" not in new.names


@pytest.mark.parametrize(
    ("took", "pause", "often"), [(0.0, 0.5, True), (0.1, 0.0, False)], ids=["quick", "slow"]
)
def test_a_quick_resolver_is_asked_before_each_packet(make_tracer, monkeypatch, took, pause, often):
    """A slow one is asked again only when its answer has aged."""
    name = Name(monkeypatch, "127.0.0.1", took=took)
    if not took:  # a busy machine makes each answer a slow one
        monkeypatch.setattr(lookups, "Answer", lambda *found: Answer(*found[:3], took))
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    for _ in range(3):
        finish(tracer)
        wait_until(lambda: tracer.stats().queued == 0)
        time.sleep(pause)

    assert often == (name.asked >= 3)  # once more where nothing is sent meanwhile


@pytest.fixture
def threads(monkeypatch):
    """What threads were begun for, and ended with."""
    found, start = SimpleNamespace(begun=[], ended=[]), native.start_thread

    def note(work, *arguments):
        def noted(*given):
            work(*given)
            found.ended.append(work)

        found.begun.append(work)
        start(noted, *arguments)

    monkeypatch.setattr(native, "start_thread", note)
    return found


def test_a_numeric_address_needs_no_thread(agent, make_tracer, threads):
    """No lookup is made for it that could hang."""
    tracer = make_tracer(host="127.0.0.1")
    finish(tracer)

    assert 1 == tracer.close(5).sent
    assert threads.begun
    assert lookups._serve not in threads.begun


def test_a_lookup_where_no_thread_can_start(make_tracer, monkeypatch):
    """As at the interpreter's exit: the name is then looked up by whoever needs it."""

    def refuse(*_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(native, "start_thread", refuse)
    tracer = make_tracer(host="localhost")
    finish(tracer)

    assert 1 == tracer.close(5).sent


def test_a_close_while_the_resolver_hangs_is_bounded(make_tracer, hanging):
    """It ends in time, and each span is counted."""
    tracer = make_tracer(host="agent")
    finish(tracer, 60)
    wait_until(lambda: hanging.asked)
    before = time.monotonic()
    report = tracer.close(0.3)

    assert time.monotonic() - before < 2
    assert (0, 60, {"close_timeout": 60}) == (report.sent, report.unsent, report.dropped)


def test_a_resolver_that_hangs_gets_one_question(make_tracer, hanging, threads):
    """However many packets wait, one thread waits for the answer, and it ends."""
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer, 20)
    wait_until(lambda: hanging.asked)
    time.sleep(0.3)
    tracer.close(0)
    hanging.answers.set()
    wait_until(lambda: lookups._serve in threads.ended)

    assert (1, 1) == (hanging.asked, threads.begun.count(lookups._serve))


def test_a_late_answer_is_used_at_once(agent, make_tracer, hanging):
    """Spans wait in the queue until the first lookup has ended, and no longer."""
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer, 3)
    wait_until(lambda: hanging.asked)
    time.sleep(0.3)
    counted = tracer.stats()
    answered_at = time.monotonic()
    hanging.answers.set()

    assert 3 == len(agent.wait_for(3))
    assert time.monotonic() - answered_at < 3
    assert (0, 3, 0) == (counted.sent, counted.queued, counted.dropped_total)


def test_spans_go_to_the_last_address_while_the_resolver_hangs(agent, make_tracer, hanging):
    """No span waits for a lookup where one address is known."""
    hanging.answers.set()
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer)
    agent.wait_for(1)
    hanging.answers.clear()
    asked = hanging.asked
    # a busy machine makes the first answer a slow one, which is asked for again once it has aged
    wait_until(lambda: finish(tracer) or hanging.asked > asked, 30)
    finish(tracer, 3)
    started = tracer.stats().started

    assert started == len(agent.wait_for(started))
    assert hanging.asked == asked + 1


def test_a_resolver_that_hangs_is_logged_once(make_tracer, hanging, monkeypatch, caplog):
    """The log says what the spans wait for."""
    monkeypatch.setattr(delivery_module, "OVERDUE_SECONDS", 0.1)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer)
    wait_until(lambda: "its name is still being looked up" in caplog.text)
    time.sleep(0.2)

    assert 1 == caplog.text.count("does not accept spans")


def test_spans_sent_during_a_long_lookup_are_sent_again(make_tracer, monkeypatch):
    """They were sent to the last known address, which the name turns out to have left."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1")
    monkeypatch.setattr(sender_module, "SETTLE_SECONDS", 0)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer, name="first")
    wait_until(lambda: tracer.stats().sent == 1)
    network.left = "192.0.2.1"
    name.answers.clear()
    finish(tracer, 5, name="during")
    wait_until(lambda: tracer.stats().sent == 6)
    time.sleep(0.6)
    name.addresses = ("192.0.2.2",)
    name.answers.set()
    wait_until(lambda: network.arrived.count("during") == 5)

    wait_until(lambda: (6, 0) == (tracer.stats().sent, tracer.stats().queued))


def test_spans_that_moved_leave_the_old_address(make_tracer, monkeypatch):
    """However long a lookup takes, it is heeded before they are sent again."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1", took=0.1)
    monkeypatch.setattr(sender_module, "CONFIRM_SECONDS", 60)
    network.left = "192.0.2.1"
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer)
    wait_until(lambda: network.swallowed)
    name.addresses = ("192.0.2.2",)
    monkeypatch.setattr(sender_module, "CONFIRM_SECONDS", 0.1)

    wait_until(lambda: network.arrived == ["span"], seconds=5)
    assert network.swallowed == 1


def test_packets_come_back_though_the_name_stops_resolving(make_tracer, monkeypatch):
    """After a failed name lookup, packets that may still be refused are remembered."""
    network = RateLimitedLine(monkeypatch)
    tracer = make_tracer(reporter_flush_interval=0, host="localhost")
    network.away = True
    finish(tracer, 50)
    wait_until(lambda: tracer.stats().sent == 50)
    failures = []

    def fail(*_, **__):
        failures.append(1)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    tracer.reporter._sender._resolve_at = 0
    finish(tracer)
    wait_until(lambda: failures)
    network.refuse_next = True

    wait_until(lambda: (0, 51) == (tracer.stats().sent, tracer.stats().queued))


def test_spans_to_an_agent_that_left_the_network_are_sent_again(make_tracer, monkeypatch):
    """Nothing refuses them, but the agent's name no longer leads to its address."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1", "192.0.2.2")
    monkeypatch.setattr(sender_module, "RESOLVE_SECONDS", 0)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    network.away = True
    finish(tracer, 3, name="lost")
    wait_until(lambda: tracer.stats().sent == 3)
    network.away, name.addresses = False, ("192.0.2.2",)
    finish(tracer, name="later")

    assert (4, 0) == (tracer.close(5).sent, tracer.stats().dropped_total)
    assert ["later", "lost", "lost", "lost"] == sorted(network.arrived)


def test_the_last_spans_to_an_agent_that_left_are_sent_again(make_tracer, monkeypatch):
    """The name is looked up once more, though no span follows."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1")
    monkeypatch.setattr(sender_module, "CONFIRM_SECONDS", 0.1)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    network.away = True
    finish(tracer)
    wait_until(lambda: tracer.stats().sent == 1)
    network.away, name.addresses = False, ("192.0.2.2",)

    wait_until(lambda: network.arrived == ["span"])


def test_spans_are_kept_while_the_agent_has_no_name(make_tracer, monkeypatch):
    """An agent that is replaced in place has no name for a moment; nothing is lost."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1")
    monkeypatch.setattr(sender_module, "RESOLVE_SECONDS", 0)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    network.away = True
    finish(tracer, 2)
    wait_until(lambda: tracer.stats().sent == 2)
    name.addresses = ()
    finish(tracer)
    wait_until(lambda: tracer.stats().queued == 3)
    network.away, name.addresses = False, ("192.0.2.1",)

    assert 3 == tracer.close(5).sent == len(network.arrived)


def test_spans_wait_until_an_agent_with_a_new_name_is_on_its_network(make_tracer, monkeypatch):
    """A container has its name before its network; nothing refuses what is sent meanwhile."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch)
    monkeypatch.setattr(delivery_module, "QUIET_SECONDS", 60)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    network.away = True
    finish(tracer, 3)
    wait_until(lambda: tracer.reporter._courier._delivery._was_absent)
    name.addresses = ("192.0.2.1",)
    wait_until(lambda: network.swallowed > 1)
    network.refuse_next, network.away = True, False
    monkeypatch.setattr(delivery_module, "QUIET_SECONDS", 0.2)  # and not before it is there

    assert 3 == tracer.close(10).sent == len(network.arrived)


def test_spans_sent_long_before_an_agent_left_are_not_doubled(make_tracer, monkeypatch):
    """Only what was sent since shortly before the last good lookup is in doubt."""
    network, name = RateLimitedLine(monkeypatch), Name(monkeypatch, "192.0.2.1")
    monkeypatch.setattr(sender_module, "RESOLVE_SECONDS", 0)
    monkeypatch.setattr(line_module, "MOVE_SECONDS", 0)
    tracer = make_tracer(host="agent", reporter_batch_size=1)
    finish(tracer, name="first")
    wait_until(lambda: tracer.stats().sent == 1)
    finish(tracer, name="second")
    wait_until(lambda: tracer.stats().sent == 2)
    name.addresses = ("192.0.2.2",)
    finish(tracer, name="third")

    assert 3 == tracer.close(5).sent
    assert ["first", "second", "second", "third"] == sorted(network.arrived)
