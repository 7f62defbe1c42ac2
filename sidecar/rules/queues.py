"""What a collector's queue means: spans that wait are not lost, and what does not fit is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import exporters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.rules.exporters import Exporter

NOT_QUEUED, BY_COLLECTOR = "not queued", "refused by the collector"
"""What is lost at a collector."""
WAITS = "waits"
"""The state of a hop whose spans are neither sent nor lost."""
_SOME_SPANS = "Some spans of the service do not arrive."
_FULL = 0.95
"""A packet that does not fit leaves a little room."""
FILLS = 0.5
"""The share of a queue above which it must be said."""

SPANS_WAIT = Rule(
    "spans-wait-in-queue",
    Severity.ERROR,
    "Spans wait in the collector's queue, because the gateway does not take them.",
    "They are not proven yet, and not lost: they stay on disk, and are sent when the gateway takes"
    " them. Spans that come after the queue is full are lost.",
    "Restore what the cause names, then verify again; the queue empties by itself",
    "12,340 spans wait, the oldest for 41 s or longer: the gateway refused the connection",
)
QUEUE_GROWS = Rule(
    "collector-queue-grows",
    Severity.WARNING,
    "All marked spans arrived, but the collector's queue grows.",
    "Spans come faster than the gateway takes them. Once the queue is full, they are lost.",
    "Raise `capacity` in the spec, and render again (docs/tuning.md); see how long calls take",
    "4,000 spans wait, 1,500 more than 3 s ago",
)
QUEUE_FULL = Rule(
    "collector-queue-full",
    Severity.ERROR,
    "Spans were lost, because the collector's queue was full.",
    _SOME_SPANS,
    "Let the gateway take spans again; for longer outages raise `agent.buffer` (docs/tuning.md)",
    "100 spans did not fit in the queue",
)
STORAGE_FAILED = Rule(
    "collector-storage-failed",
    Severity.ERROR,
    "Spans were lost, because the collector could not write them into its queue.",
    _SOME_SPANS,
    "See the collector's log; check the space, the owner and the mode of its volume",
    "100 spans were not written, and the queue has room",
)
QUEUE_FILLS = Rule(
    "collector-queue-fills",
    Severity.WARNING,
    "More than half of a collector's queue is used.",
    "The gateway has not taken spans for a while. Once the queue is full, they are lost.",
    "Run `sidecar verify` for the cause; for longer outages raise `agent.buffer`",
    "2,000,000 of 3,600,000 spans wait in web-agent",
)
REFUSED = Rule(
    "collector-refused-spans",
    Severity.ERROR,
    "The collector refused spans before they came to its queue.",
    _SOME_SPANS,
    "See the collector's log; if its memory limit is reached, raise `capacity` (docs/tuning.md)",
    "the collector refused 50 spans",
)


class Queue(NamedTuple):
    """A collector's queue, in spans."""

    spans: int
    """That wait now, those in calls included."""
    before: int = 0
    """That waited before the marked spans were sent."""
    capacity: int = 0
    """0: not known."""
    oldest: float = 0.0
    """Seconds that the oldest has waited at least; 0: not known."""


def refused(spans: int) -> Problem:
    """Return the problem of spans that a collector refused although its queue had room."""
    cause = f"the collector refused {spans:,} spans before they came to its queue"
    return REFUSED.problem(cause)


def queued(spans: int, queue: Queue, exporter: Exporter) -> Problem | None:
    """Judge the spans that a collector received, and that did not come into its queue."""
    if not spans:
        return None
    if exporter.disk:
        cause = f"{spans:,} spans could not be written into the queue: {exporter.disk.cause}"
        return replace(exporter.disk, cause=cause)
    if queue.capacity and queue.spans < _FULL * queue.capacity and not exporter.queue_full:
        return STORAGE_FAILED.problem(
            f"{spans:,} spans could not be written into the queue, which has room:"
            f" {queue.spans:,} of {queue.capacity:,} spans"
        )
    why = exporters.waiting(exporter)
    return QUEUE_FULL.problem(f"{spans:,} spans did not fit in the queue: {why.cause}")


def waits(queue: Queue, exporter: Exporter) -> Problem:
    """Return the problem of spans that wait, with the reason as far as it is known."""
    why = exporters.waiting(exporter)
    return SPANS_WAIT.problem(f"{described(queue)}: {why.cause}{_room(queue)}", why.fix)


def described(queue: Queue) -> str:
    """Return how many spans wait, since when, and whether they become more."""
    parts = [f"{queue.spans:,} spans wait"]
    if queue.oldest >= 1:
        parts.append(f"the oldest for {queue.oldest:.0f} s or longer")
    if queue.before and queue.spans < queue.before:
        parts.append(f"{queue.before - queue.spans:,} fewer than before")
    elif queue.before:
        parts.append(f"{queue.spans - queue.before:,} more than before")
    return ", ".join(parts)


def _room(queue: Queue) -> str:
    if not queue.capacity:
        return ""
    used = 100 * queue.spans / queue.capacity
    share = f"{used:.1f}%" if used >= 0.1 else "less than 0.1%"
    return f"; none is lost while the queue has room ({share} are used)"


def grows(queue: Queue, came: int, seconds: float) -> Problem | None:
    """Judge a queue from which the marked spans have gone; `came`: spans within `seconds`.

    What came within the last two seconds may be under way.
    """
    more = queue.spans - queue.before
    if more <= 0 or seconds <= 0 or queue.spans <= 2 * came / seconds:
        return None
    text = f"{queue.spans:,} spans wait in the collector, {more:,} more than {seconds:.0f} s ago"
    return QUEUE_GROWS.problem(text)


def fills(name: str, spans: int, capacity: int) -> Problem | None:
    """Judge how full a collector's queue is; a capacity of 0 is not known."""
    if spans <= FILLS * capacity or not capacity:
        return None
    return QUEUE_FILLS.problem(f"{spans:,} of {capacity:,} spans wait in {name}")


def stays(readings: Sequence[tuple[int, int]]) -> Problem | None:
    """Judge the last readings of a queue: spans that wait, and what has been settled in all.

    A queue is sent in order. So what waited at the first of three readings still waits where less
    was settled since; one that gets shorter is on its way.
    """
    last = readings[-3:]
    if len(last) < 3:
        return None
    (first, before), _, (now, after) = last
    if not first or now < first or after - before >= first:
        return None
    shown = ", ".join(f"{spans:,}" for spans, _ in last)
    return SPANS_WAIT.problem(f"spans wait in the queue and do not leave it: {shown}")
