"""The reporter: a bounded queue, and one plain thread that empties it."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from jaeger_client.reporter import BaseReporter

from sidecar_tracing import lifecycle, stats_socket
from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.delivery import BYTES_PER_SECOND, Delivery, Pace
from sidecar_tracing.encoding import Encoder
from sidecar_tracing.ledger import Ledger
from sidecar_tracing.waits import Patience, bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.ledger import Stats
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

CLOSE_SECONDS = 5.0
"""Limit of a close without a timeout and of the exit hook.

It is half of a container's usual grace period.
"""

SETTLE_TICK_SECONDS = 0.5
FINAL_SETTLE_SECONDS = 0.01
CAUTIOUS_SETTLE_SECONDS = 2.0
CAUTIOUS_TICK_SECONDS = 0.1
START_AGAIN_SECONDS = 0.1
"""The time from a failed start of the thread to the next attempt."""

_NEVER = float("inf")


class Reporter(BaseReporter):  # type: ignore[misc] # jaeger-client publishes no types here
    """Queues finished spans without blocking, and sends them in the background."""

    def __init__(  # noqa: PLR0913 - one call, by keyword, from Config
        self,
        sender: UdpSender,
        *,
        queue_size: int,
        batch_size: int,
        flush_interval: float,
        metrics: Any,
        bytes_per_second: float = BYTES_PER_SECOND,
        echo: Callable[[Any], None] | None = None,
    ) -> None:
        self.ledger = Ledger(metrics)
        self._metrics = metrics
        self._bytes_per_second = bytes_per_second
        self._echo = echo
        self._sender = sender
        self._capacity = max(1, queue_size)
        self._batch_size = max(1, min(batch_size, self._capacity))
        self._flush_interval = bounded(flush_interval)
        self._service: tuple[str, dict[str, Any], int] = ("", {}, 0)
        self._closing: Closing | None = None
        self._begin()
        lifecycle.track(self)

    def _begin(self) -> None:
        """Set everything that must not come from another process, such as threads and locks."""
        self._pid = os.getpid()
        self._queue: deque[Any] = deque()
        # looked up here: gevent may have replaced the module's class since the import
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._wake_at: float = 1
        self._start_at = 0.0
        # waiting for it releases the lock, even in a signal handler that interrupted the holder
        self._ended = threading.Condition(self.ledger.lock)
        self._report: CloseReport | None = None
        self._thread: threading.Thread | None = None
        self._deadline = _NEVER
        self._flush_at = _NEVER
        self._patience = Patience(self._flush_interval)
        self._delivery = Delivery(
            self._sender,
            self.ledger,
            Pace(self._bytes_per_second),
            self._out_of_time,
            self._wait_to_retry,
        )

    def after_fork_in_child(self) -> None:
        """Restart in a forked child: the parent sends the queue, the child its own spans."""
        self.ledger.reset()
        self._sender.close()
        self._begin()
        if self._closing is not None:
            self._closing = Closing()
            self._finish()

    def set_process(self, service_name: str, tags: dict[str, Any], max_length: int) -> None:
        """Set the service's name and the tags for all packets."""
        self._service = (service_name, tags, max_length)

    def report_span(self, span: Any) -> None:
        """Queue a finished span, or count it as dropped."""
        self._notice_fork()
        if self._echo is not None:
            self._echo(span)
        ledger = self.ledger
        with ledger.lock:
            ledger.finish()
            length = len(self._queue)
            if self._closing is not None:
                reason = "closed"
            elif length >= self._capacity:
                reason = "queue_full"
                if length >= self._wake_at:
                    self._wake_thread()
            else:
                self._queue.append(span)
                if length + 1 >= self._wake_at:
                    self._wake_thread()
                return
        ledger.drop(reason, 1)

    def stats(self) -> Stats:
        """Return the counts of this process."""
        self._notice_fork()
        return self.ledger.stats()

    def glance(self) -> dict[str, Any]:
        """Return the counts and where packets go, without a lock: for another thread to show."""
        sender, ledger = self._sender, self.ledger
        to = {"host": sender.host, "port": sender.port, "address": sender.address}
        return {**to, "sent_at": ledger.sent_at, **ledger.glance().as_dict()}

    def close(self, timeout: float = CLOSE_SECONDS) -> Closing:
        """Accept no more spans, and send the queue in the background for up to `timeout` s."""
        self._notice_fork()
        with self.ledger.lock:
            if self._closing is not None:
                return self._closing
            self._closing = closing = Closing()
            self._deadline = time.monotonic() + bounded(timeout)
            self._start_at = 0.0
            started = self._wake_thread()
        if not started:
            self._run()
        return closing

    def close_and_wait(self, timeout: float) -> CloseReport:
        """Close, and return the outcome within about `timeout` seconds."""
        self.close(timeout)
        with self._ended:
            seconds = bounded(timeout) + 2 * FINAL_SETTLE_SECONDS
            self._ended.wait_for(lambda: self._report is not None, seconds)
            # no report yet: an earlier close has more time
            return CloseReport.from_stats(self.stats()) if self._report is None else self._report

    def _notice_fork(self) -> None:
        # Python does not see a fork of uWSGI
        if os.getpid() != self._pid:
            stats_socket.after_fork_in_child()
            self.after_fork_in_child()

    def _wake_thread(self) -> bool:
        """Wake or start the thread; False if none can start: at a limit or interpreter exit."""
        if not (self._has_thread() or self._start_thread()):
            return False
        self._wake_at = _NEVER
        self._wake.put(None)
        return True

    def _has_thread(self) -> bool:
        # a signal handler may interrupt the start of a thread, which then has no identity yet
        return self._thread is not None and (self._thread.ident is None or self._thread.is_alive())

    def _start_thread(self) -> bool:
        if time.monotonic() < self._start_at:
            return False
        self._thread = threading.Thread(target=self._run, name="sidecar-tracing", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._thread = None
            self._wake_at = 1  # each later span checks whether to try again
            self._start_at = time.monotonic() + START_AGAIN_SECONDS
            return False
        return True

    def _run(self) -> None:
        try:
            self._report_until_closed()
        except Exception:  # a bug: the next span starts another thread
            logger.exception("The reporter's thread failed")
        finally:
            with self.ledger.lock:
                closing = self._closing is not None
                self._wake_at, self._thread = 1, None
            if closing:
                self._finish()

    def _report_until_closed(self) -> None:
        self._sender.start()
        encoder = Encoder.for_service(*self._service, self._batch_size, self.ledger)
        while (batch := self._next_batch()) is not None:
            queued = len(batch) + len(self._queue)
            self.ledger.update_metric(self._metrics.reporter_queue_length, queued)
            self._deliver(batch, encoder)
        settled_at = min(self._deadline, time.monotonic() + CAUTIOUS_SETTLE_SECONDS)
        while self._delivery.unsettled:
            time.sleep(FINAL_SETTLE_SECONDS)
            self._deliver([], encoder)
            if not self._delivery.holding or time.monotonic() >= settled_at:
                break
            self._wait_to_retry(CAUTIOUS_TICK_SECONDS)

    def _deliver(self, batch: list[Any], encoder: Encoder) -> None:
        try:
            self._delivery.deliver(batch, encoder)
        except Exception:  # a bug must not end the reporting
            logger.exception("A batch of spans could not be delivered")
            self._delivery.abandon("send_error")

    def _next_batch(self) -> list[Any] | None:
        """Return spans once there are enough, or they are old enough; None at the end."""
        while True:
            if self._out_of_time():
                self._drop_queue()
            with self.ledger.lock:
                closing = self._closing is not None
                if len(self._queue) >= self._batch_size or (
                    self._queue and (closing or self._is_due())
                ):
                    return self._take()
                if closing:
                    return None
                pause = self._pause()
            if not self._wait(pause) and not self._queue:
                return []

    def _take(self) -> list[Any]:
        self._flush_at = self._wake_at = _NEVER
        self._patience.end()
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_size))]

    def _drop_queue(self) -> None:
        with self.ledger.lock:
            left = len(self._queue)
            self._queue.clear()
        self.ledger.drop("close_timeout", left)

    def _is_due(self) -> bool:
        return time.monotonic() >= self._flush_at

    def _pause(self) -> float | None:
        """Return how long to sleep, and set the queue length that wakes the thread."""
        if not self._queue:
            self._wake_at = 1
            return SETTLE_TICK_SECONDS if self._delivery.unsettled else None
        self._wake_at = self._batch_size
        if self._flush_at == _NEVER:
            self._flush_at = time.monotonic() + self._patience.begin()
        return max(0.0, self._flush_at - time.monotonic())

    def _wait(self, seconds: float | None) -> bool:
        try:
            self._wake.get(timeout=seconds)
        except queue.Empty:
            return False
        return True

    def _wait_to_retry(self, seconds: float) -> None:
        self._wait(max(0.0, min(seconds, self._deadline - time.monotonic())))

    def _out_of_time(self) -> bool:
        return time.monotonic() >= self._deadline

    def _finish(self) -> None:
        assert self._closing is not None  # noqa: S101 - for the type checker
        self._sender.close()
        lifecycle.forget(self)
        with self._ended:
            first = self._report is None
            self._report = report = CloseReport.from_stats(self.ledger.stats())
            self._ended.notify_all()
        if first:
            self._closing.set_result(report)
