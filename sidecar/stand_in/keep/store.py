"""The stored traces: raw batches by trace ID, limited in spans and bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JAEGER, OTLP = "jaeger", "otlp"
"""By which protocol a batch came."""
# roughly what Python needs for an entry besides its bytes: it keeps the limit for small spans, too
_TRACE_COST = 600
_BATCH_COST = 200


@dataclass(eq=False)
class _Batch:
    raw: bytes
    via: str
    traces: int
    """The number of stored traces that still need the bytes."""


@dataclass(eq=False)
class _Entry:
    batches: list[_Batch] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    spans: int = 0


class TraceStore:
    """Keeps the newest traces; above a limit, the oldest ones are evicted."""

    def __init__(self, max_spans: int, max_bytes: int) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._traces: dict[bytes, _Entry] = {}
        self.spans = 0
        self.bytes = 0
        self.evicted_spans = 0
        self.evicted_traces = 0

    def add(
        self,
        raw: bytes,
        spans: Mapping[bytes, int],
        services: Mapping[bytes, set[str]],
        via: str = JAEGER,
    ) -> None:
        """Keep a batch: its bytes, and the number of spans and the services per trace ID."""
        if not spans:
            # no trace would ever evict its bytes
            return
        batch = _Batch(raw, via, len(spans))
        self.bytes += len(raw) + _BATCH_COST
        for trace_id, count in spans.items():
            entry = self._traces.get(trace_id)
            if entry is None:
                entry = self._traces[trace_id] = _Entry()
                self.bytes += _TRACE_COST
            entry.batches.append(batch)
            entry.services |= services[trace_id]
            entry.spans += count
            self.spans += count
        while self._traces and (self.spans > self._max_spans or self.bytes > self._max_bytes):
            self._evict(next(iter(self._traces)))

    def _evict(self, trace_id: bytes) -> None:
        entry = self._traces.pop(trace_id)
        self.spans -= entry.spans
        self.bytes -= _TRACE_COST
        self.evicted_spans += entry.spans
        self.evicted_traces += 1
        for batch in entry.batches:
            batch.traces -= 1
            if not batch.traces:
                self.bytes -= len(batch.raw) + _BATCH_COST

    def __len__(self) -> int:
        return len(self._traces)

    def batches(self, trace_id: bytes, via: str | None = None) -> list[bytes]:
        """Return the raw batches with spans of a trace, by one protocol or by all.

        Empty if it is unknown.
        """
        entry = self._traces.get(trace_id)
        held = entry.batches if entry else []
        return [batch.raw for batch in held if via in (None, batch.via)]

    def newest(self, service: str | None = None) -> Iterator[bytes]:
        """Yield the IDs, newest first, of all traces or of those with spans of a service."""
        for trace_id in reversed(list(self._traces)):
            entry = self._traces.get(trace_id)
            if entry and (service is None or service in entry.services):
                yield trace_id

    def services(self) -> set[str]:
        """Return the services in the stored traces."""
        return set().union(*(entry.services for entry in self._traces.values()))
