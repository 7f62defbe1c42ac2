"""What `close` returns: a report, or a future of it that every kind of caller can wait for."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from sidecar_tracing.ledger import Stats


@dataclass(frozen=True)
class CloseReport:
    """The outcome of a close; true if every finished span was sent."""

    sent: int
    unsent: int
    """Finished spans that were not sent, since the tracer was created."""
    dropped: dict[str, int]
    """The dropped ones of these, by reason."""

    @classmethod
    def from_stats(cls, stats: Stats) -> CloseReport:
        """Return the report for these counts."""
        return cls(stats.sent, stats.queued + stats.dropped_total, stats.dropped)

    @property
    def complete(self) -> bool:
        """Whether every finished span was sent."""
        return self.unsent == 0

    def __bool__(self) -> bool:
        return self.complete


class Closing(Future[CloseReport]):
    """A future: `.result(timeout)`, `await`, `yield` in a Tornado coroutine, or a callback."""

    def __init__(self) -> None:
        super().__init__()
        # a caller that stops waiting, as asyncio.wait_for does, must not cancel the close
        self.set_running_or_notify_cancel()

    def __await__(self) -> Generator[Any, None, CloseReport]:
        return asyncio.wrap_future(self).__await__()
