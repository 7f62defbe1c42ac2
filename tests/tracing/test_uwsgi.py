"""Under uWSGI, which runs nothing at the end of a busy worker, a span sends itself."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest
from scripts import MAKE, run
from udp_agent import UdpAgent, closed_port
from waiting import wait_until

UNDER = "import types; sys.modules['uwsgi'] = types.SimpleNamespace(opt={})\n"
KILL = "import subprocess; subprocess.run(['kill', '-9', str(os.getpid())])"


@pytest.fixture
def under_uwsgi(monkeypatch):
    """Have tracers find the module that is there inside uWSGI only."""
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={}))


def finish(tracer, count):
    for _ in range(count):
        tracer.start_span("span").finish()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_finished_spans_survive_sigkill(agent, host):
    """Each has left the process when `finish` returns; the first may wait for its name."""
    body = f"""
        finish("first"); tracer.flush(5)
        finish("span", 20)
        {KILL}
        """
    run(agent, body, tracer=UNDER + MAKE, check=False, JAEGER_AGENT_HOST=host)

    assert ["first", *["span"] * 20] == agent.names


def test_the_first_span_of_a_forked_worker(agent):
    """Nothing of it waits for a thread to start."""
    body = f"""
        if child := os.fork():
            wait(child)
        finish("span")
        {KILL}
        """
    run(agent, body, tracer=UNDER + MAKE, check=False)

    assert ["span"] == agent.names


def test_agent_that_comes_later(make_tracer, under_uwsgi):
    """While the agent is away, spans wait as elsewhere, and no `finish` does."""
    port = closed_port()
    tracer = make_tracer(port=port)
    finish(tracer, 100)
    wait_until(lambda: tracer.stats().queued == 100)

    with UdpAgent(port) as agent:
        finish(tracer, 20)
        report = tracer.close(10)

        assert (120, True) == (report.sent, report.complete)
        assert ["span"] * 120 == agent.names


def test_last_span_before_the_agent_is_away(make_tracer, under_uwsgi):
    """A refusal that comes after the last span is noticed, although no span follows."""
    first = UdpAgent()
    tracer = make_tracer(port=first.port)
    finish(tracer, 3)
    first.stop()
    finish(tracer, 1)

    with UdpAgent(first.port) as second:
        assert 1 == len(second.wait_for(1))
    # the reporter counts a packet just after it sends it
    wait_until(lambda: tracer.stats().sent == 4)


def test_many_spans_share_packets(agent, make_tracer, under_uwsgi):
    """An agent forwards each packet by a call of its own: of 200 ms, ten at once."""
    tracer, began = make_tracer(), time.monotonic()
    for _ in range(600):
        finish(tracer, 1)
        time.sleep(0.002)
    report, seconds = tracer.close(10), time.monotonic() - began

    assert (600, True) == (report.sent, report.complete)
    assert 600 == len(agent.names)
    assert len(agent.packets) < 60 + 15 * seconds


def test_a_full_packet_waits_for_no_thread(agent):
    """Without --enable-threads, the thread may have no turn between requests.

    On a slow machine one more leaves by itself, and the last packet is not full.
    """
    unpaced = MAKE.replace("{}", "{'reporter_bytes_per_second': 1e9}")
    body = f"""
        sys.setswitchinterval(100)
        finish("first"); tracer.flush(5)
        finish("span", 49 + 4 * 50)
        {KILL}
        """
    run(agent, body, tracer=UNDER + unpaced, check=False)

    assert 250 - 50 < len(agent.names)


def test_spans_above_the_pace(agent, make_tracer, under_uwsgi):
    """They wait for the thread, in packets of many."""
    tracer = make_tracer(reporter_bytes_per_second=300_000)
    finish(tracer, 600)
    report = tracer.close(10)

    assert (600, True) == (report.sent, report.complete)
    assert 600 == len(agent.names)
    assert len(agent.packets) < 400
