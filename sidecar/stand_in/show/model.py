"""What a reader of the stand-in sees: decoded traces, with every secret masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = str | bool | int | float | bytes


@dataclass(frozen=True)
class Tag:
    """A key with a typed value."""

    key: str
    type: str
    """string, bool, int64, float64 or binary."""
    value: Value

    @property
    def text(self) -> str:
        """The value as Jaeger's search compares it: `true`, `200`, hexadecimal digits for bytes."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return self.value.hex() if isinstance(self.value, bytes) else str(self.value)


@dataclass(frozen=True)
class Log:
    """An event inside a span, with its time in µs since the epoch."""

    timestamp: int
    fields: tuple[Tag, ...]


@dataclass(frozen=True)
class Reference:
    """A span's reference to another span; IDs are hexadecimal."""

    type: str
    """CHILD_OF or FOLLOWS_FROM."""
    trace_id: str
    span_id: str


@dataclass(frozen=True)
class Process:
    """The process that made a span."""

    service: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class Span:
    """One operation; IDs are hexadecimal, start is in µs since the epoch, duration in µs."""

    trace_id: str
    span_id: str
    operation: str
    references: tuple[Reference, ...]
    flags: int
    start: int
    duration: int
    tags: tuple[Tag, ...]
    logs: tuple[Log, ...]
    process: Process
    warnings: tuple[str, ...]

    @property
    def parent(self) -> Reference | None:
        """The first reference within the trace, CHILD_OF before FOLLOWS_FROM."""
        own = [each for each in self.references if each.trace_id == self.trace_id]
        parents = [each for each in own if each.type == "CHILD_OF"] or own
        return parents[0] if parents else None

    @property
    def parent_id(self) -> str | None:
        """The span ID of the parent."""
        parent = self.parent
        return parent.span_id if parent else None

    @property
    def waited_for(self) -> bool:
        """Whether its parent waits for it, as far as the kind of reference tells."""
        parent = self.parent
        return parent is not None and parent.type == "CHILD_OF"

    @property
    def end(self) -> int:
        """The end, in µs since the epoch."""
        return self.start + self.duration

    @property
    def all_tags(self) -> Iterator[Tag]:
        """The tags of the span, of its process, and of its logs."""
        yield from self.tags
        yield from self.process.tags
        for log in self.logs:
            yield from log.fields

    @property
    def failed(self) -> bool:
        """Whether the span has the tag error=true."""
        return any(tag.key == "error" and tag.text == "true" for tag in self.tags)


@dataclass(frozen=True)
class Trace:
    """All stored spans of one trace ID, ordered by start; never empty."""

    trace_id: str
    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        """The start of the first span, in µs since the epoch."""
        return self.spans[0].start

    @property
    def duration(self) -> int:
        """The time from the first start to the last end, in µs."""
        return max(span.end for span in self.spans) - self.start

    @property
    def root(self) -> Span:
        """The first span without a parent in the trace, or else the earliest."""
        known = {span.span_id for span in self.spans}
        return next((span for span in self.spans if span.parent_id not in known), self.spans[0])
