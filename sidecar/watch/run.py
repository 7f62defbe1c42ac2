"""The standing watch: reads the agents again and again until a verdict."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules import watch as rules
from sidecar.watch.agents import unseen
from sidecar.watch.ledger import PATIENCE_SECONDS, Change, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.findings import Finding
    from sidecar.verify.counts import AgentCounts
    from sidecar.watch.agents import AgentState, Watched

_REMOVED_SECONDS = 2.0
"""A second look after so long: while it is recreated, a deployment has no containers."""


@dataclass(frozen=True)
class Terms:
    """How to watch."""

    every: float = 60.0
    """Seconds from one reading to the next."""
    budget: float = rules.BUDGET
    """The share of packets and of spans that may be lost on a hop in an hour."""
    seconds: float | None = None
    """How long to watch; None: until something is wrong."""


@dataclass(frozen=True)
class Note:
    """What a reader of the watch must know; said once."""

    text: str


@dataclass(frozen=True)
class Verdict:
    """How a watch ended."""

    finding: Finding | None
    """None where nothing was wrong until its time was over."""
    seconds: float
    totals: dict[str, AgentCounts]
    """By service; of the last hour."""

    @property
    def ok(self) -> bool:
        """Tell whether nothing was wrong."""
        return self.finding is None


def watch(deployment: Watched, terms: Terms) -> Iterator[Change | Note | Verdict]:
    """Yield what cannot be seen, what changes at each reading, and the verdict last.

    Raises SidecarError where the deployment cannot be read at first, or for longer than a while.
    """
    return _Watch(deployment, terms).run()


class _Watch:
    def __init__(self, deployment: Watched, terms: Terms) -> None:
        self._deployment, self._terms = deployment, terms
        self._began = time.time()
        self._ledger = Ledger(terms.budget, self._began)
        self._unread: float | None = None
        """Since when the deployment as a whole cannot be read."""

    def run(self) -> Iterator[Change | Note | Verdict]:
        agents: Sequence[AgentState] | None
        agents = self._deployment.read() or self._deployment.read_all()  # which says what lacks
        if text := unseen(agents):
            yield Note(text)
        while True:
            now = time.time()
            if agents is not None:
                yield from self._ledger.add(agents, now)
            finding = self._removed(agents) or next(self._ledger.breaches(now), None)
            if finding or self._is_over(now):
                yield Verdict(finding, now - self._began, self._ledger.totals())
                return
            time.sleep(self._pause(now))
            try:
                agents = self._deployment.read()
                self._unread = None
            except SidecarError as error:
                agents = None
                yield self._unreadable(error)

    def _is_over(self, now: float) -> bool:
        return self._terms.seconds is not None and now - self._began >= self._terms.seconds

    def _pause(self, now: float) -> float:
        """Return the seconds until the next reading, which keeps its rhythm or is the last."""
        passed = now - self._began
        pause = self._terms.every - passed % self._terms.every
        left = pause if self._terms.seconds is None else self._terms.seconds - passed
        return max(0.0, min(pause, left))

    def _removed(self, agents: Sequence[AgentState] | None) -> Finding | None:
        if agents is None or agents:
            return None
        time.sleep(_REMOVED_SECONDS)
        try:
            again = self._deployment.read()
        except SidecarError:
            return None  # the next reading tells
        return None if again else rules.removed(self._deployment.name).at("deployment", "")

    def _unreadable(self, error: SidecarError) -> Change:
        now = time.time()
        self._unread = now if self._unread is None else self._unread
        if now - self._unread >= PATIENCE_SECONDS:
            raise error
        return Change(self._deployment.name, "", text=f"cannot be read: {error.cause}")
