"""Judges a gateway that answers late although spans arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Rule, Severity
from sidecar.rules.agents import STOCK_BATCH
from sidecar.rules.gateway_reach import Calls

if TYPE_CHECKING:
    from sidecar.findings import Problem

LATE_SECONDS = 3.0
"""A busy machine does not explain such a wait: healthy, the longest was 0.5 s with 16 programs for
each of two cores, and 2 s is what workers make up for (docs/faults.md)."""
LATE = Rule(
    "gateway-answers-late",
    Severity.WARNING,
    "Spans arrive, but the gateway takes seconds to answer the agent's calls.",
    "A call occupies a worker of the agent until it is answered. At a higher rate, packets wait,"
    " and the agent drops them once its queue is full.",
    "See why the gateway, or the way to it, is slow; until then, raise `capacity.round_trip_ms` in"
    " the spec, and render again (docs/tuning.md)",
    "a gateway that takes spans at once, and answers after 30 s",
)


class Answers(NamedTuple):
    """How an agent's calls were answered while its marked packets were waited for."""

    waited: float
    """Seconds until the last marked packet was answered, or the wait ended."""
    queue: int
    """Packets in the agent at the end, those in calls included."""
    answered: int
    """Calls that were answered within `seconds`, which also holds the time before the wait."""
    seconds: float

    def call(self, workers: int) -> float:
        """Return how long a call takes: less than the wait where packets wait for a worker, too."""
        busy = self.queue > workers and self.answered and self.seconds
        return workers * self.seconds / self.answered if busy else self.waited


def are_late(answers: Answers) -> bool:
    """Tell whether calls take so long that it must be said."""
    return answers.waited >= LATE_SECONDS


def late(answers: Answers, workers: int) -> Problem | None:
    """Judge the wait for answers of an agent that makes so many calls at a time."""
    if not are_late(answers):
        return None
    call = answers.call(workers)
    return LATE.problem(
        f"spans arrive, but the gateway takes {call:.1f} s or more to answer a call of the agent:"
        f" its {workers} workers forward at most {Calls(workers).ceiling(call * 1000)} spans/s in"
        f" packets of {STOCK_BATCH} spans, and {answers.queue} packets wait"
    )
