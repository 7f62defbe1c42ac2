"""What Thrift cannot encode is sent as text, or left out, and counted; the span is sent."""

from __future__ import annotations

import logging

import pytest
from opentracing import Format
from sidecar_tracing.repair import text
from udp_agent import tags


class Unprintable:
    """Has no text."""

    def __str__(self):
        raise RuntimeError


def sent(agent, tracer):
    """Return the only span, which is complete and alone; close the tracer."""
    assert (1, 0) == (tracer.close(5).sent, tracer.stats().dropped_total)
    (span,) = agent.wait_for(1)
    return span


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
        (2**70, "1180591620717411303424"),
        ("report-\udcff.pdf", "report-\\udcff.pdf"),
    ],
    ids=["2**63", "below -2**63", "2**70", "lone surrogate"],
)
def test_value_of_a_tag(agent, make_tracer, value, expected):
    """The tag is text, the others are as they were, and the tag is counted."""
    tracer = make_tracer()
    span = tracer.start_span("span", tags={"bad": value, "number": 7})
    span.log_kv({"bad": value, "event": "seen"})
    span.finish()
    found = sent(agent, tracer)

    assert {"bad": expected, "number": 7} == {
        key: value for key, value in tags(found.tags).items() if not key.startswith("sampler.")
    }
    assert {"bad": expected, "event": "seen"} == tags(found.logs[0].fields)
    assert 2 == tracer.stats().repaired_tags


def test_key_of_a_tag(agent, make_tracer):
    """A name that is not UTF-8 is escaped."""
    tracer = make_tracer()
    tracer.start_span("span", tags={"\ud800": 1}).finish()

    assert "1" == tags(sent(agent, tracer).tags)["\\ud800"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [(b"GET /", "GET /"), (b"\xff", "\\xff"), (5, "5"), ("\ud800", "\\ud800"), (None, "")],
)
def test_operation_name(agent, make_tracer, name, expected):
    """A name that is no text becomes text."""
    tracer = make_tracer()
    tracer.start_span("span").set_operation_name(name).finish()

    assert expected == sent(agent, tracer).operationName


def test_time_of_a_log(agent, make_tracer):
    """A log at a time that does not exist is at the span's start."""
    tracer = make_tracer()
    span = tracer.start_span("span")
    span.log_kv({"event": "seen"}, timestamp=1e30)
    span.finish()
    found = sent(agent, tracer)

    assert found.startTime == found.logs[0].timestamp


@pytest.mark.parametrize("flags", ["7fffffffffffffff01", "80000001"])
def test_flags_of_a_header(agent, make_tracer, flags):
    """A caller's header with flags of any size costs no span: a byte of them is sent."""
    tracer = make_tracer()
    context = tracer.extract(Format.HTTP_HEADERS, {"uber-trace-id": f"abc:1:0:{flags}"})
    tracer.start_span("work", child_of=context).finish()
    report = tracer.close(5)

    assert (1, {}) == (report.sent, report.dropped)
    assert [1] == [span.flags for span in agent.wait_for(1)]


def test_first_repair_is_logged_once(agent, make_tracer, caplog):
    """One warning for any number of tags."""
    caplog.set_level(logging.WARNING)
    tracer = make_tracer()
    for _ in range(3):
        tracer.start_span("span", tags={"bad": 2**63}).finish()
    tracer.close(5)

    assert 1 == caplog.text.count("A tag cannot be encoded")
    assert 3 == tracer.stats().repaired_tags == len(agent.names)


def test_text_of_anything():
    """Even what has no text has one."""
    assert "(RuntimeError)" == text(Unprintable())


def test_a_clock_that_is_set_back(agent, make_tracer, monkeypatch):
    """A span that began before has no negative duration."""
    tracer = make_tracer()
    span = tracer.start_span("span")
    monkeypatch.setattr("time.time", lambda: span.start_time - 60)
    span.finish()

    assert 0 == sent(agent, tracer).duration
