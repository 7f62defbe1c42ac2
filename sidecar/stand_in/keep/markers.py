"""Counts of marked spans, independent of the stored traces: eviction changes no count."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Any

TAG = "sidecar.marker"
NEEDLE = TAG.encode()
"""Bytes that every batch with a marked span contains."""

MAX_MARKERS = 200
MAX_IDS = 1_000_000
_MAX_LENGTH = 256
_MAX_SERVICES = 1000


@dataclass(eq=False)
class _Marked:
    accepted: int = 0
    refused: int = 0
    dropped: int = 0
    exposed: int = 0
    services: Counter[str] = field(default_factory=Counter)
    ids: set[bytes] = field(default_factory=set)
    complete: bool = True


class Markers:
    """The latest markers, each with its accepted, refused and dropped spans."""

    def __init__(self, max_markers: int = MAX_MARKERS, max_ids: int = MAX_IDS) -> None:
        self._max_markers = max_markers
        self._max_ids = max_ids
        self._ids = 0
        self._marked: OrderedDict[str, _Marked] = OrderedDict()

    def accepted(self, batch: Any) -> None:  # noqa: ANN401 - a protobuf Batch
        """Count the marked spans of an accepted batch."""
        for marker, span in _marked_spans(batch):
            marked = self._get(marker)
            marked.accepted += 1
            owner = span.process if span.HasField("process") else batch.process
            if owner.service_name in marked.services or len(marked.services) < _MAX_SERVICES:
                marked.services[owner.service_name] += 1
            self._remember(marked, span.trace_id + span.span_id)

    def refused(self, batch: Any) -> None:  # noqa: ANN401
        """Count the marked spans of a batch that was refused."""
        for marker, _ in _marked_spans(batch):
            self._get(marker).refused += 1

    def dropped(self, batch: Any) -> None:  # noqa: ANN401
        """Count the marked spans of a batch that was answered OK, but not kept."""
        for marker, _ in _marked_spans(batch):
            self._get(marker).dropped += 1

    def exposed(self, batch: Any) -> None:  # noqa: ANN401
        """Count the marked spans of a batch that carried a token in a tag."""
        for marker, _ in _marked_spans(batch):
            self._get(marker).exposed += 1

    def report(self, marker: str) -> dict[str, Any]:
        """Return a marker's counts; zeros if it is unknown."""
        marked = self._marked.get(marker, _Marked())
        return {
            "marker": marker,
            "accepted": marked.accepted,
            "distinct": len(marked.ids),
            "distinct_complete": marked.complete,
            "refused": marked.refused,
            "dropped": marked.dropped,
            "exposed": marked.exposed,
            "services": dict(sorted(marked.services.items())),
        }

    def _get(self, marker: str) -> _Marked:
        marked = self._marked.get(marker)
        if marked is None:
            marked = self._marked[marker] = _Marked()
            if len(self._marked) > self._max_markers:
                self._forget_oldest()
        self._marked.move_to_end(marker)
        return marked

    def _remember(self, marked: _Marked, span: bytes) -> None:
        if span in marked.ids:
            return
        while self._ids >= self._max_ids and len(self._marked) > 1:
            self._forget_oldest()
        if self._ids >= self._max_ids:
            marked.complete = False
            return
        marked.ids.add(span)
        self._ids += 1

    def _forget_oldest(self) -> None:
        _, oldest = self._marked.popitem(last=False)
        self._ids -= len(oldest.ids)


def _marked_spans(batch: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return [
        (tag.v_str, span)
        for span in batch.spans
        for tag in span.tags
        if tag.key == TAG and 0 < len(tag.v_str) <= _MAX_LENGTH
    ]
