"""Records of the table: a fault, what a run of it showed, and what a healthy run showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SECONDS = 15.0
"""Within this time a verify must name a fault."""


@dataclass(frozen=True)
class Fault:
    """Something that breaks on a running deployment, and what verify may rightly call it."""

    name: str
    what: str
    """For the table: what is done."""
    right: tuple[str, ...]
    """The ids that name the true cause; none: the spans arrive, and verify must not complain."""
    inject: Callable[[Any], object]
    heal: Callable[[Any], object]
    service: str = "orders"
    """The service that the fault hits, and whose hops count."""
    uncounted: str = ""
    """Why losses of this fault may be counted nowhere."""
    options: tuple[str, ...] = ()
    """Of verify."""
    wait: float = 2.0
    """Seconds from the fault to the verify."""


@dataclass(frozen=True)
class Spans:
    """What became of the spans that a service and verify sent during a fault."""

    sent: int = 0
    lost: int = 0
    counted: int = 0
    """Spans that some counter on the way counts as lost."""
    packets: int = 0
    """Packets that a counter counts as lost: the number of their spans is not known."""
    known: bool = True
    """False where this machine lets nobody read the agents' counters."""

    @property
    def unaccounted(self) -> int:
        """Lost spans that are counted nowhere; those of lost packets may be any number."""
        return 0 if self.packets else max(0, self.lost - self.counted)


@dataclass(frozen=True)
class Outcome:
    """What one fault, or one healthy run, showed."""

    name: str
    what: str
    right: tuple[str, ...]
    ids: tuple[str, ...]
    """What verify named, of the first hop that fails; empty: it was content."""
    text: str
    """The hop and cause in verify's own words."""
    seconds: float
    spans: Spans = field(default_factory=Spans)
    p99_ms: float | None = None
    failed_requests: int = 0
    recovery: float | None = None
    """Seconds from healing until a span that was sent afterwards arrived."""
    uncounted: str = ""
    notes: str = ""
    when: str = ""
    load: float = 0.0
    """Of the machine in the last minute: programs that want a core."""

    @property
    def right_id(self) -> bool:
        """Whether verify named the true cause, or was content where nothing is lost."""
        return self.ids[0] in self.right if self.ids else not self.right

    @property
    def named(self) -> bool:
        """Whether it did so in time."""
        return self.right_id and self.seconds <= MOST_SECONDS

    @property
    def accounted(self) -> bool:
        """Whether every lost span is counted, or the reason is known why not."""
        return not self.spans.unaccounted or bool(self.uncounted)
