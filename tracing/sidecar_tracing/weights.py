"""Limits the memory of the queue: spans with long tags count for more than short ones."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from sidecar_tracing.spans import Span

if TYPE_CHECKING:
    from sidecar_tracing.ledger import Ledger

QUEUE_BYTES = 64 * 1024 * 1024
"""The text of tags and logs that can wait: 20,000 spans of 3 kB each."""

_FREE = 500
"""As many spans as always have room: weighing costs time, and most queues are shorter."""


class Room:
    """What the queue still takes, about: of threads that report at once, each may miss a bit."""

    def __init__(self, limit: int, ledger: Ledger) -> None:
        self._limit = limit
        self._ledger = ledger
        self._used = 0
        self._weighed_at = 0

    def has_for(self, span: Any, length: int) -> bool:
        """Whether the queue, which is of this length, takes the span."""
        if length < _FREE:
            self._used = 0
            return True
        size = weight(span)
        taken = self._ledger.taken
        if self._used + size > self._limit and taken >= self._weighed_at + _FREE:
            self._weighed_at = taken
            self._used = sum(weight(queued) for queued in self._ledger.queue.copy())
        if self._used + size > self._limit:
            return False
        self._used += size
        return True


def weight(span: Any) -> int:
    """Return the length of a span's text in tags and logs."""
    if isinstance(span, Span):
        return span.weight
    tags = itertools.chain(span.tags, *(log.fields for log in span.logs))
    return sum(len(tag.vStr) for tag in tags if tag.vStr)
