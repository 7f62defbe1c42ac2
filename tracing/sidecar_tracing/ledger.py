"""The count of every span, under one lock, so that the sums are exact."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("sidecar_tracing")

REASONS = {
    "queue_full": "the queue is full: the agent is away, or spans come faster than "
    "reporter_bytes_per_second",
    "too_large": "a span is larger than one packet",
    "encode_error": "a tag or log cannot be encoded",
    "send_error": "the packet cannot be sent",
    "closed": "the tracer is closed",
    "close_timeout": "the close timed out: the agent did not take them, or the pace was too slow",
    "close_unconfirmed": "the close timed out before it was known whether they had arrived; they "
    "were sent, and the agent's host was away for a moment",
}
"""Reason for which spans are dropped → its text in the log."""


@dataclass(frozen=True)
class Stats:
    """A tracer's spans in this process; started == sent + dropped + queued + unfinished, always."""

    started: int
    """Sampled spans that were started."""
    unfinished: int
    """Those that are not finished yet, or that sampling.priority=0 excluded after their start."""
    queued: int
    """Finished, and neither sent nor dropped yet."""
    sent: int
    """Sent to the agent's address, and not refused."""
    dropped: dict[str, int]
    """Not delivered, or not known to be, by reason: the keys of REASONS that occurred."""
    packets: int
    """UDP packets of the sent spans."""
    sampled_out: int
    """Spans that the sampler excluded; not part of `started`."""

    @property
    def dropped_total(self) -> int:
        """The dropped spans for all reasons."""
        return sum(self.dropped.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready data."""
        return asdict(self)


class Ledger:
    """Counts spans, also for jaeger-client's own metrics; every method is thread-safe."""

    def __init__(self, metrics: Any) -> None:
        self._metrics = metrics
        self._metrics_failed = False
        self.reset()

    def reset(self) -> None:
        """Reset the counts, with a new lock: the first step in a forked child."""
        # reentrant: a signal handler that makes spans may interrupt the holder
        self.lock = threading.RLock()
        self._started = self._sampled_out = self._finished = self._sent = self._packets = 0
        self._dropped: Counter[str] = Counter()
        self.sent_at: float | None = None
        """When the last packet was sent, in Unix time."""

    def start(self, count: int) -> None:
        """Count started spans."""
        with self.lock:
            self._started += count

    def sample_out(self, count: int) -> None:
        """Count spans that the sampler excluded."""
        with self.lock:
            self._sampled_out += count

    def finish(self) -> None:
        """Count one finished span; the caller holds the lock."""
        self._finished += 1

    def send(self, spans: int) -> None:
        """Count one sent packet."""
        with self.lock:
            self._sent += spans
            self._packets += 1
            self.sent_at = time.time()
        self.update_metric(self._metrics.reporter_success, spans)

    def recall(self, spans: int) -> None:
        """Uncount one packet that the agent's host refused."""
        with self.lock:
            self._sent -= spans
            self._packets -= 1

    def drop(self, reason: str, spans: int) -> None:
        """Count dropped spans; the first loss for each reason is logged."""
        if not spans:
            return
        with self.lock:
            first = reason not in self._dropped
            self._dropped[reason] += spans
        self.update_metric(self._metrics.reporter_dropped, spans)
        if first:
            logger.warning("Spans are being dropped: %s. stats() counts them.", REASONS[reason])

    def update_metric(self, metric: Callable[[int], None], value: int) -> None:
        """Report a number to the service's metrics; the first failure is logged."""
        try:
            metric(value)
        except Exception:
            if not self._metrics_failed:
                logger.exception("The metrics factory's counter failed; spans are still reported")
            self._metrics_failed = True

    def stats(self) -> Stats:
        """Return all counts at one moment."""
        with self.lock:
            return self.glance()

    def glance(self) -> Stats:
        """Return the counts without the lock: a span that is being counted may be missing."""
        dropped = dict(self._dropped)
        queued = self._finished - self._sent - sum(dropped.values())
        # a span whose sampling.priority changed after its start was not counted as started
        unfinished = max(0, self._started - self._finished)
        return Stats(
            started=self._finished + unfinished,
            unfinished=unfinished,
            queued=queued,
            sent=self._sent,
            dropped=dropped,
            packets=self._packets,
            sampled_out=self._sampled_out,
        )
