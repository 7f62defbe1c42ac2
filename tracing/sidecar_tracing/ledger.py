"""The finished spans that wait, and the count of every span.

Callers take no lock. They add by single calls into C, which neither another thread nor a signal
handler can interrupt, so no exception in a handler leaves a count or the queue half changed.
Everything else is written by the one thread that reports.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar_tracing import chores, native

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("sidecar_tracing")

REASONS = {
    "queue_full": "the queue is full: the agent is away, or spans come faster than "
    "reporter_bytes_per_second",
    "too_large": "a span is larger than one packet",
    "encode_error": "a span cannot be encoded",
    "send_error": "the packet cannot be sent",
    "closed": "the tracer is closed",
    "close_timeout": "the close timed out: the agent did not take them, or the pace was too slow",
    "close_unconfirmed": "the close timed out before it was known whether they had arrived; they "
    "were sent, and the agent's host was away for a moment",
}
"""Reason for which spans are dropped → its text in the log."""

_FAILURES = ("too_large", "encode_error", "send_error")
"""The reasons that jaeger-client's metric calls `err`, not `dropped`."""

_LOOKS = 1_000

EXPORT_SECONDS = 0.5


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
    repaired_tags: int = 0
    """Tags of sent spans that could not be encoded: sent as text, or left out."""
    ignored_headers: int = 0
    """Trace headers of requests that were not valid; each such request has a new trace."""
    encoded_in_python: int = 0
    """Spans that thrift's C code did not encode; their packets are the same, at a higher cost."""

    @property
    def dropped_total(self) -> int:
        """The dropped spans for all reasons."""
        return sum(self.dropped.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready data."""
        return asdict(self)


NO_STATS = Stats(0, 0, 0, 0, {}, 0, 0)
"""The counts of a tracer that is turned off."""


class Tally:
    """A number that any thread or signal handler can raise by one, without a lock."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def add(self) -> None:
        """Raise the number."""
        next(self._count)

    @property
    def total(self) -> int:
        """The number; `count` shows it only as text."""
        return int(repr(self._count)[len("count(") : -1])


class Ledger:
    """The queue and the counts of one tracer in one process, also for jaeger-client's metrics."""

    def __init__(self, metrics: Any) -> None:
        self._metrics = metrics
        self._metrics_failed = False
        self.export: Callable[[], None] | None = None
        """Writes the counts to where other processes find them."""
        self.reset()

    def reset(self) -> None:
        """Begin anew: the first step in a forked child."""
        self.queue: deque[Any] = deque()
        self._started, self._sampled_out = Tally(), Tally()
        self._refused = {reason: Tally() for reason in ("closed", "queue_full")}
        self._taken = self._sent = self._packets = self._published = self.repaired = 0
        self.encoded_in_python = 0
        self._moves, self._is_last = 0, False
        self._exporting = native.new_lock()
        self._dropped: Counter[str] = Counter()
        self._told: set[str] = set()
        self.sent_at: float | None = None
        """When the last packet was sent, in Unix time."""

    def start(self, _: int = 1) -> None:
        """Count a started span."""
        self._started.add()

    def sample_out(self, _: int = 1) -> None:
        """Count a span that the sampler excluded."""
        self._sampled_out.add()

    def refuse(self, reason: str) -> None:
        """Count a finished span that the queue does not take; for any thread."""
        self._refused[reason].add()
        self._tell(reason, 1)

    @property
    def finished(self) -> int:
        """The spans that the queue took so far."""
        return self._taken + len(self.queue)

    @property
    def taken(self) -> int:
        """The spans that left the queue so far."""
        return self._taken

    def take(self, count: int) -> list[Any]:
        """Take up to so many spans out of the queue."""
        queue = self.queue
        self._moves += 1
        batch = [queue.popleft() for _ in range(min(len(queue), count))]
        self._taken += len(batch)
        self._moves += 1
        return batch

    def send(self, spans: int) -> None:
        """Count one sent packet."""
        self._sent += spans
        self._packets += 1
        self.sent_at = time.time()

    def recall(self, spans: int) -> None:
        """Uncount one packet that the agent's host refused."""
        self._sent -= spans
        self._packets -= 1

    @property
    def settled(self) -> int:
        """The sent spans that cannot come back any more."""
        return self._sent if self._is_last else self._published

    def publish(self, unsettled: int) -> None:
        """Report the sent spans to the service's metrics, without those that may come back."""
        settled = self._sent - unsettled
        if settled > self._published:
            self._update_later(self._metrics.reporter_success, settled - self._published)
            self._published = settled
        self.show()

    def show_last(self) -> None:
        """Export the counts at the end of the process: what is sent cannot come back any more."""
        self._is_last = True
        self.show()

    def show(self) -> None:
        """Export the counts, unless what a signal handler interrupts does so for ever."""
        if self.export is None or not self._exporting.acquire(timeout=EXPORT_SECONDS):
            return
        try:
            self.export()
        except Exception as error:  # noqa: BLE001 - a full disk, another version of the library
            text = "The counts for Prometheus are not written any more: %s: %s"
            chores.do(partial(logger.warning, text, type(error).__name__, error))
            self.export = None
        finally:
            self._exporting.release()

    def drop(self, reason: str, spans: int) -> None:
        """Count dropped spans that left the queue before."""
        if spans:
            self._dropped[reason] += spans
            self._tell(reason, spans)

    def repair(self, tags: int) -> None:
        """Count tags that were sent as text, or left out; the first is logged."""
        if not self.repaired:
            text = "A tag cannot be encoded as it is; sending it as text. stats() counts such tags."
            chores.do(partial(logger.warning, text))
        self.repaired += tags

    def encode_in_python(self) -> None:
        """Count a span that thrift's C code did not encode."""
        self.encoded_in_python += 1

    def _tell(self, reason: str, spans: int) -> None:
        """Tell the metrics, and for the first loss of its kind the log."""
        metrics = self._metrics
        failed = reason in _FAILURES
        metric = metrics.reporter_failure if failed else metrics.reporter_dropped
        self._update_later(metric, spans)
        if reason not in self._told:
            self._told.add(reason)
            text = "Spans are being dropped: %s. stats() counts them."
            chores.do(partial(logger.warning, text, REASONS[reason]))

    def update_queue_length(self, length: int) -> None:
        """Report to the service's metrics how many spans wait."""
        self._update_later(self._metrics.reporter_queue_length, length)

    def _update_later(self, metric: Callable[[int], None], value: int) -> None:
        chores.do(partial(self._update_metric, metric, value))

    def _update_metric(self, metric: Callable[[int], None], value: int) -> None:
        """Report a number to the service's metrics; the first failure is logged."""
        try:
            metric(value)
        except Exception:
            if not self._metrics_failed:
                logger.exception("The metrics factory's counter failed; spans are still reported")
            self._metrics_failed = True

    def stats(self) -> Stats:
        """Return all counts at one moment."""
        for _ in range(_LOOKS):
            moves = self._moves
            found = self.glance()
            if moves == self._moves and moves % 2 == 0:
                break
            native.sleep(0.0001)  # the thread is taking spans out of the queue just now
        return found

    def glance(self) -> Stats:
        """Return the counts without waiting: spans that leave the queue now may be missing."""
        refused = {reason: tally.total for reason, tally in self._refused.items()}
        refused = {reason: count for reason, count in refused.items() if count}
        dropped = dict(self._dropped)
        sent, packets = self._sent, self._packets
        queued = max(0, self.finished - sent - sum(dropped.values()))
        dropped |= refused
        total = sent + queued + sum(dropped.values())
        # a span whose sampling.priority changed after its start was not counted as started
        unfinished = max(0, self._started.total - total)
        return Stats(
            started=total + unfinished,
            unfinished=unfinished,
            queued=queued,
            sent=sent,
            dropped=dropped,
            packets=packets,
            sampled_out=self._sampled_out.total,
            repaired_tags=self.repaired,
            encoded_in_python=self.encoded_in_python,
        )
