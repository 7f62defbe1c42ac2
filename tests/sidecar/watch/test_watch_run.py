"""The standing watch: from reading to reading, to a verdict, and never a hang."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sidecar.errors import SidecarError
from sidecar.verify.counts import AgentCounts
from sidecar.watch import report
from sidecar.watch.agents import AgentState
from sidecar.watch.ledger import Change
from sidecar.watch.run import Terms, watch

AGENT = AgentState(
    "web", "web-agent-1", "running", "first", started=500.0, counts=AgentCounts(spans_submitted=10)
)
AWAY = SidecarError("engine", "does not answer")


class Clock:
    """Time that passes only in sleep."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        """Return the time."""
        return self.now

    def sleep(self, seconds):
        """Let time pass."""
        self.now += seconds


class Deployment:
    """A deployment that gives prepared readings; the last one repeats."""

    name = "Compose project shop"

    def __init__(self, *readings):
        self._readings = list(readings)

    def read(self):
        """Return the next reading, or raise it."""
        reading = self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]
        if isinstance(reading, SidecarError):
            raise reading
        return reading

    read_all = read


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock of one test."""
    made = Clock()
    monkeypatch.setattr("time.time", made.time)
    monkeypatch.setattr("time.sleep", made.sleep)
    return made


def submitted(count, failed=0):
    """Return a reading of the agent."""
    return [replace(AGENT, counts=AgentCounts(spans_submitted=count, spans_failed=failed))]


def run(*readings, **terms):
    """Return the changes and the verdict of a watch."""
    *changes, verdict = watch(Deployment(*readings), Terms(every=10, **terms))
    return changes, verdict


def test_a_watch_with_a_time_ends_with_it(clock):
    """Its last reading is at its end, not at the next multiple."""
    changes, verdict = run(submitted(10), submitted(30), submitted(60), seconds=25)

    assert [20, 30] == [change.counted.spans_submitted for change in changes]
    assert (True, 25.0, 1025.0) == (verdict.ok, verdict.seconds, clock.now)


def test_a_watch_without_a_time_ends_at_a_breach(clock):
    """The hop is in the verdict."""
    _, verdict = run(submitted(10), submitted(30), submitted(60, 5))

    assert (False, 20.0) == (verdict.ok, verdict.seconds)
    assert ("loss-budget-exceeded", "agent submitted") == (
        verdict.finding.id,
        verdict.finding.place,
    )


def test_a_removed_deployment_ends_it():
    """Not at once: while it is recreated, it is empty for a moment."""
    _, recreated = run(submitted(10), [], submitted(10), seconds=30)
    _, removed = run(submitted(10), [], [])

    assert recreated.ok
    assert ("deployment-removed", "Compose project shop was removed") == (
        removed.finding.id,
        removed.finding.cause,
    )


def test_an_engine_that_is_away_for_a_moment_is_a_line():
    """For half a minute it ends the watch with its own error."""
    changes, verdict = run(submitted(10), AWAY, submitted(30), seconds=30)

    assert verdict.ok
    assert ["cannot be read: does not answer", ""] == [change.text for change in changes]
    with pytest.raises(SidecarError, match="does not answer"):
        run(submitted(10), AWAY)


def test_a_deployment_that_cannot_be_read_at_first_is_an_error():
    """There is nothing to watch."""
    with pytest.raises(SidecarError, match="does not answer"):
        run(AWAY)


def test_lines_for_people_name_what_changed():
    """One line each; the verdict adds up."""
    counted = Change("web", "web-agent-1", AgentCounts(spans_submitted=1200, spans_failed=7))
    queued = Change("web", "web-agent-1", AgentCounts(packets_processed=4, queue=4))
    gone = Change("web", "web-agent-1", text="is gone")
    _, verdict = run(submitted(10), submitted(30), seconds=10)

    assert [
        "web-agent-1: 1,200 spans submitted, 7 failed",
        "web-agent-1: 4 packets processed, no span submitted, 4 packets in its queue",
        "web-agent-1 is gone",
    ] == [report.as_text(change)[10:] for change in (counted, queued, gone)]
    assert "nothing was lost in 10 s: web 20 spans" == report.as_text(verdict)


def test_lines_for_programs_are_json():
    """Each has its event; the verdict has totals and what was found."""
    changes, verdict = run(submitted(10), submitted(30, 1), budget=0.001)
    lines = [json.loads(report.as_line(entry)) for entry in (*changes, verdict)]

    assert ["counted", "verdict"] == [line["event"] for line in lines]
    assert (20, 1) == (lines[0]["spans_submitted"], lines[0]["spans_failed"])
    assert (False, "agent submitted", ["loss-budget-exceeded"]) == (
        lines[1]["ok"],
        lines[1]["hop"],
        [finding["id"] for finding in lines[1]["findings"]],
    )
    assert (20, 1) == tuple(
        lines[1]["totals"]["web"][name] for name in ("spans_submitted", "spans_failed")
    )


def test_what_a_watch_cannot_see_is_said_once():
    """As the kernel's drops, where another network namespace holds them."""
    blind = [replace(agent, kernel_known=False) for agent in submitted(10)]
    (note, *changes), verdict = run(blind, submitted(20), seconds=25)

    assert "the agents' ports of web cannot be seen from here" in note.text
    assert (1, True) == (len(changes), verdict.ok)
    assert {"event": "note", "text": note.text}.items() <= json.loads(report.as_line(note)).items()
    assert report.as_text(note).endswith(note.text)
