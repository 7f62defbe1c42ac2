"""What `close` gives back: a report, or a future of it that every style of caller can wait on."""

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
    """How a close ended; true where every finished span was sent."""

    sent: int
    unsent: int
    """Finished spans that did not leave, in the tracer's whole life."""
    dropped: dict[str, int]
    """Of these, the dropped ones by reason."""

    @classmethod
    def of(cls, stats: Stats) -> CloseReport:
        """Return the report that these counts make."""
        return cls(stats.sent, stats.queued + stats.dropped_total, stats.dropped)

    @property
    def complete(self) -> bool:
        """Whether every finished span was sent."""
        return self.unsent == 0

    def __bool__(self) -> bool:
        return self.complete


class Closing(Future[CloseReport]):
    """A close's end: `.result(timeout)`, `await`, `yield` in a Tornado coroutine, or a callback."""

    def __init__(self) -> None:
        super().__init__()
        # a caller that stops waiting (asyncio.wait_for) must not cancel the close itself
        self.set_running_or_notify_cancel()

    def __await__(self) -> Generator[Any, None, CloseReport]:
        return asyncio.wrap_future(self).__await__()
