"""The reporter: a bounded queue, and one plain thread that empties it."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

from jaeger_client.reporter import BaseReporter

from sidecar_tracing import lifecycle
from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.delivery import Delivery
from sidecar_tracing.encoding import Encoder
from sidecar_tracing.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.ledger import Stats
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

CLOSE_SECONDS = 5.0
"""The bound of a close without a timeout, and of the exit hook: half of a container's usual grace."""

SETTLE_TICK_SECONDS = 0.5
FINAL_SETTLE_SECONDS = 0.01
_NEVER = float("inf")


class Reporter(BaseReporter):  # type: ignore[misc] # jaeger-client publishes no types here
    """Takes finished spans without blocking their thread, and sends them in the background."""

    def __init__(  # noqa: PLR0913 - one call, by keyword, from Config
        self,
        sender: UdpSender,
        *,
        queue_size: int,
        batch_size: int,
        flush_interval: float,
        metrics: Any,
        echo: Callable[[Any], None] | None = None,
    ) -> None:
        self.ledger = Ledger(metrics)
        self._metrics = metrics
        self._echo = echo
        self._sender = sender
        self._capacity = max(1, queue_size)
        self._batch_size = max(1, min(batch_size, self._capacity))
        self._flush_interval = flush_interval
        self._service: tuple[str, dict[str, Any], int] = ("", {}, 0)
        self._closing: Closing | None = None
        self._begin()
        lifecycle.track(self)

    def _begin(self) -> None:
        """Set everything that a thread or a lock of another process must not have touched."""
        self._pid = os.getpid()
        self._queue: deque[Any] = deque()
        # looked up here: gevent may have replaced the module's class since the import
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._wake_at: float = 1
        self._thread: threading.Thread | None = None
        self._deadline = _NEVER
        self._flush_at = _NEVER
        self._delivery = Delivery(self._sender, self.ledger, self._out_of_time, self._wait_to_retry)

    def after_fork_in_child(self) -> None:
        """Start afresh in a forked child: its parent sends what was queued, the child what it makes itself."""
        self.ledger.reset()
        self._sender.close()
        self._begin()
        if self._closing is not None:
            self._closing = Closing()
            self._finish()

    def set_process(self, service_name: str, tags: dict[str, Any], max_length: int) -> None:
        """Name the service and the tags that each packet carries."""
        self._service = (service_name, tags, max_length)

    def report_span(self, span: Any) -> None:
        """Queue a finished span, or count why not."""
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

    def close(self, timeout: float = CLOSE_SECONDS) -> Closing:
        """Stop taking spans and send the queued ones in the background; give up after `timeout` seconds."""
        self._notice_fork()
        with self.ledger.lock:
            if self._closing is not None:
                return self._closing
            self._closing = closing = Closing()
            self._deadline = time.monotonic() + timeout
            started = self._wake_thread()
        if not started:
            self._run()
        return closing

    def close_and_wait(self, timeout: float) -> CloseReport:
        """Close, and return within about `timeout` seconds with what came of it."""
        closing = self.close(timeout)
        try:
            return closing.result(max(0.0, timeout) + 2 * FINAL_SETTLE_SECONDS)
        except FutureTimeoutError:  # the thread is held up by the resolver, or an earlier close had more time
            return CloseReport.of(self.stats())

    def _notice_fork(self) -> None:
        # uWSGI forks without telling Python
        if os.getpid() != self._pid:
            self.after_fork_in_child()

    def _wake_thread(self) -> bool:
        """Wake the thread, or start it; False where the interpreter starts no threads any more."""
        self._wake_at = _NEVER
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="sidecar-tracing", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        self._wake.put(None)
        return True

    def _run(self) -> None:
        encoder = Encoder.for_service(*self._service, self._batch_size, self.ledger)
        while (batch := self._next_batch()) is not None:
            self._deliver(batch, encoder)
        if self._delivery.unsettled:
            time.sleep(FINAL_SETTLE_SECONDS)
            self._deliver([], encoder)
        self._finish()

    def _deliver(self, batch: list[Any], encoder: Encoder) -> None:
        try:
            self._delivery.deliver(batch, encoder)
        except Exception:  # a defect of ours must not end the reporting
            logger.exception("A batch of spans could not be delivered")
            self._delivery.abandon("send_error")

    def _next_batch(self) -> list[Any] | None:
        """Return the next spans when there are enough or they are old enough; None at the end."""
        while True:
            if self._out_of_time():
                self._drop_queue()
            with self.ledger.lock:
                closing = self._closing is not None
                if len(self._queue) >= self._batch_size or (self._queue and (closing or self._is_due())):
                    return self._take()
                if closing:
                    return None
                pause = self._pause()
            if not self._wait(pause) and not self._queue:
                return []

    def _take(self) -> list[Any]:
        self._flush_at = self._wake_at = _NEVER
        self._metrics.reporter_queue_length(len(self._queue))
        return [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_size))]

    def _drop_queue(self) -> None:
        with self.ledger.lock:
            left = len(self._queue)
            self._queue.clear()
        self.ledger.drop("close_timeout", left)

    def _is_due(self) -> bool:
        return time.monotonic() >= self._flush_at

    def _pause(self) -> float | None:
        """Return how long to sleep if nobody wakes the thread, and say at which length of the queue to."""
        if not self._queue:
            self._wake_at = 1
            return SETTLE_TICK_SECONDS if self._delivery.unsettled else None
        self._wake_at = self._batch_size
        if self._flush_at == _NEVER:
            self._flush_at = time.monotonic() + self._flush_interval
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
        self._closing.set_result(CloseReport.of(self.ledger.stats()))
