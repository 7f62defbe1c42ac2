"""A signal handler that raises may do so at any bytecode: counts and queue stay whole."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import sidecar_tracing
from scripts import run

OURS = str(Path(sidecar_tracing.__file__).parent)


class InterruptError(BaseException):
    """What a signal handler raises."""


class Interruption:
    """Raises at the n-th bytecode of this package that the thread runs."""

    def __init__(self, number):
        self.left = number

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._trace)

    def __exit__(self, kind, *_):
        sys.settrace(self._before)
        return kind is InterruptError

    def _trace(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                raise InterruptError
        return self._trace


@pytest.mark.parametrize("number", range(1, 1300, 23))
def test_exception_at_any_bytecode_of_a_span(agent, make_tracer, number):
    """Whatever is interrupted, every later span arrives once, and the counts add up."""
    tracer = make_tracer(reporter_flush_interval=0.01)
    interruption = Interruption(number)
    with interruption:
        tracer.start_span("interrupted").finish()
        tracer.start_span("interrupted").finish()
    for _ in range(3):
        tracer.start_span("later").finish()
    agent.wait_for(3, timeout=5)
    stats = tracer.stats()
    report = tracer.close(5)
    arrived = Counter(agent.names)

    assert 3 == arrived["later"]
    assert report.sent == arrived["later"] + arrived["interrupted"]
    assert 0 == report.unsent
    assert stats.started == stats.sent + stats.queued + stats.unfinished + stats.dropped_total


@pytest.mark.parametrize("number", range(1, 1600, 37))
def test_exception_at_any_bytecode_of_a_span_that_sends_itself(
    agent, make_tracer, monkeypatch, number
):
    """Under uWSGI, the interrupted span may be lost, and none after it."""
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={}))
    tracer = make_tracer(reporter_flush_interval=0.01)
    with Interruption(number):
        tracer.start_span("interrupted").finish()
        tracer.start_span("interrupted").finish()
    for _ in range(3):
        tracer.start_span("later").finish()
    agent.wait_for(3, timeout=5)
    tracer.close(5)
    arrived = Counter(agent.names)

    assert 3 == arrived["later"]
    assert arrived["interrupted"] <= 2


@pytest.mark.parametrize("act", ["close", "flush", "stats"])
@pytest.mark.parametrize("number", range(1, 200, 11))
def test_exception_at_any_bytecode_of(agent, make_tracer, act, number):
    """An interrupted close, flush or stats leaves a reporter that sends what it has, once."""
    tracer = make_tracer()
    for _ in range(3):
        tracer.start_span("span").finish()
    with Interruption(number):
        getattr(tracer, act)(*([] if act == "stats" else [2]))
    report = tracer.close(5)

    assert 3 == report.sent == len(agent.names)


def test_alarms_that_raise_in_the_middle_of_spans(agent):
    """With thousands of alarms, what was reported arrives once, and each span is counted."""
    body = """
        sys.settrace(None)  # an alarm in coverage's tracer would leave its lock locked for ever
        class Alarm(Exception): pass
        def ring(*_):
            global inside, rung
            if inside:
                inside, rung = False, rung + 1
                raise Alarm
        inside, rung = False, 0
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            try:
                inside = True
                finish("span", 50)
                inside = False
            except Alarm:
                pass
            time.sleep(0.01)  # without it, a fast machine fills the queue
        signal.setitimer(signal.ITIMER_REAL, 0)
        report, stats = tracer.close(10), tracer.stats()
        assert report.complete and rung > 100, (report, rung)
        print(stats.sent, stats.started - stats.sent - stats.unfinished)
        """
    sent, uncounted = run(agent, body).stdout.split()

    assert int(sent) == len(agent.names)
    assert int(sent) == len({(span.traceIdLow, span.spanId) for span in agent.spans})
    assert 0 == int(uncounted)
