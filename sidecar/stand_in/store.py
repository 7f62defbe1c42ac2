"""The traces at hand: raw batches by trace id, within a number of spans and of bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# roughly what Python holds for an entry besides its bytes; small spans would outgrow the bound
_TRACE_COST = 600
_BATCH_COST = 200


@dataclass(eq=False)
class _Batch:
    raw: bytes
    traces: int
    """How many stored traces still need the bytes."""


@dataclass(eq=False)
class _Entry:
    batches: list[_Batch] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    spans: int = 0


class TraceStore:
    """Keeps the newest traces; the oldest whole traces leave when a bound is passed."""

    def __init__(self, max_spans: int, max_bytes: int) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._traces: dict[bytes, _Entry] = {}
        self.spans = 0
        self.bytes = 0
        self.evicted_spans = 0
        self.evicted_traces = 0

    def add(
        self, raw: bytes, spans: Mapping[bytes, int], services: Mapping[bytes, set[str]]
    ) -> None:
        """Keep a batch: its bytes, spans per trace id, and the services seen per trace id."""
        if not spans:
            # no trace would ever take its bytes along
            return
        batch = _Batch(raw, len(spans))
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

    def batches(self, trace_id: bytes) -> list[bytes]:
        """Return the raw batches that hold spans of a trace; empty where it is unknown."""
        entry = self._traces.get(trace_id)
        return [batch.raw for batch in entry.batches] if entry else []

    def newest(self, service: str | None = None) -> Iterator[bytes]:
        """Yield trace ids, newest first, of all traces or of those in which a service took part."""
        for trace_id in reversed(list(self._traces)):
            entry = self._traces.get(trace_id)
            if entry and (service is None or service in entry.services):
                yield trace_id

    def services(self) -> set[str]:
        """Return the services of the stored traces."""
        return set().union(*(entry.services for entry in self._traces.values()))
