"""The thread that empties the queue, and all that it shares with those who fill it.

One process and one world make one courier: a forked child makes another. Whatever a signal handler
interrupts, one thread at most reports, and a span that is in the queue is sent.
"""

from __future__ import annotations

import logging
from _queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from sidecar_tracing import native
from sidecar_tracing.delivery import Delivery
from sidecar_tracing.orders import End, Flush
from sidecar_tracing.waits import Bucket, Patience, bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.encoding import Encoder
    from sidecar_tracing.ledger import Ledger
    from sidecar_tracing.orders import Settings
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

SETTLE_TICK_SECONDS = 0.5
FINAL_SETTLE_SECONDS = 0.01
CAUTIOUS_SETTLE_SECONDS = 2.0
CAUTIOUS_TICK_SECONDS = 0.1
START_AGAIN_SECONDS = 0.1
"""The time from a failed start of the thread to the next attempt."""

STARTING_SECONDS = 0.2
"""How long a thread may take until it runs: meanwhile no other is started."""

SMALL_PACKETS = 50
SMALL_PACKETS_PER_SECOND = 10
"""How many packets that are not full leave: an agent forwards each by a call of its own."""

NEVER = float("inf")


class Courier:
    """Reports the spans of a ledger's queue by one thread, from the first span to the close."""

    def __init__(
        self,
        ledger: Ledger,
        sender: UdpSender,
        settings: Settings,
        new_encoder: Callable[[], Encoder],
    ) -> None:
        self._ledger, self._sender, self._settings = ledger, sender, settings
        self._new_encoder = new_encoder
        self.wake_at: float = 1
        """The queue's length at which a caller wakes the thread."""
        self.end: End | None = None
        self._ends: dict[str, End] = {}
        self._flushes: list[Flush] = []
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._turn = native.new_lock()
        """Held by the thread that reports."""
        self._desk = native.new_lock()
        """Held by who encodes and sends: this thread unless it waits, or a caller."""
        self._encoder: Encoder | None = None
        self._small_packets = Bucket(SMALL_PACKETS, SMALL_PACKETS_PER_SECOND)
        """A caller asks for one; what is due leaves anyway."""
        self._is_watching = False
        """Whether the thread will look for what came back, without being woken."""
        self._started_at = self._start_again_at = -NEVER
        self._flush_at = NEVER
        self._patience = Patience(settings.flush_interval)
        self._delivery = Delivery(
            sender, ledger, settings.bytes_per_second, self._must_give_up, self._wait_to_retry
        )

    # for any thread, greenlet or signal handler

    @property
    def is_running(self) -> bool:
        """Whether a thread reports."""
        return bool(self._turn.locked())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to send."""
        ledger = self._ledger
        return ledger.glance().queued == 0 and not (self.is_running and self._delivery.unsettled)

    @property
    def _is_over(self) -> bool:
        return self.end is not None and self.end.done.is_set

    def wake(self) -> bool:
        """Wake or start the thread; False if none can start: at a limit or interpreter exit."""
        if not self.is_running and not self._start():
            return False
        self.wake_at = NEVER
        self._wake.put(None)
        return True

    def close(self, seconds: float) -> End:
        """Have the thread send the queue and end; the first call counts."""
        end = self._ends.setdefault("first", End(native.monotonic() + bounded(seconds)))
        self.end, self._start_again_at = end, -NEVER
        if not self._is_over and not self.wake():
            self.run()
        return end

    def end_at(self, deadline: float) -> None:
        """Deliver until then only; without a thread, by `flush_here`."""
        self.end = self._ends.setdefault("first", End(deadline))

    def flush(self) -> Flush:
        """Have the thread send the queue now."""
        flush = Flush(self._ledger.finished)
        self._flushes.append(flush)
        self._start_again_at = -NEVER
        if not self.wake():
            self.flush_here()
        return flush

    def send_here(self) -> None:
        """Send the queue in the caller's thread; the thread does what takes a wait, or is due."""
        queue = self._ledger.queue
        while queue and not self._desk.locked():
            with self._desk:
                if not (self._delivery.is_free and self._is_worth_a_packet()):
                    break
                self._delivery.send_now(self._take(), self._opened())
        is_watched = self._is_watching and self._delivery.is_free
        if len(queue) >= self.wake_at if queue else not is_watched:
            self.wake()

    def _is_worth_a_packet(self) -> bool:
        return len(self._ledger.queue) >= self._settings.batch_size or self._small_packets.take()

    def hurry(self) -> None:
        """Give no time to an agent that was never there: the process is ending."""
        self._delivery.hurry()

    def _start(self) -> bool:
        now = native.monotonic()
        if now < self._start_again_at:
            return False
        if now < self._started_at + STARTING_SECONDS:
            return True
        self._started_at = now
        try:
            native.start_thread(self.run)
        except RuntimeError:
            self._started_at = -NEVER
            self.wake_at = 1  # each later span checks whether to try again
            self._start_again_at = native.monotonic() + START_AGAIN_SECONDS
            return False
        return True

    # for the one thread that has the turn

    def run(self) -> None:
        """Report until the close, unless another thread does."""
        if self._is_over or not self._turn.acquire(False):
            return
        try:
            with self._desk:
                self._report_until_closed()
        except Exception:  # a bug: the next span starts another thread
            logger.exception("The reporter's thread failed")
        finally:
            self._started_at, self.wake_at, self._is_watching = -NEVER, 1, False
            self._turn.release()
        if self.end is not None:
            self._finish(self.end)

    def _finish(self, end: End) -> None:
        self._sender.close()
        self._ledger.publish(0)
        self._release(False)
        end.done.set()

    def flush_here(self) -> None:
        """Send the queue in the caller's thread, for want of another."""
        while self._ledger.queue and self._turn.acquire(False):
            try:
                with self._desk:
                    self._deliver(self._ledger.take(len(self._ledger.queue)), self._opened())
            finally:
                self._turn.release()
        self._release(True)

    def _opened(self) -> Encoder:
        """Return the encoder; the first call starts what sending takes."""
        if self._encoder is None:
            self._sender.start()
            self._encoder = self._new_encoder()
        return self._encoder

    def _report_until_closed(self) -> None:
        encoder = self._opened()
        while (batch := self._next_batch()) is not None:
            self._ledger.update_queue_length(len(batch) + len(self._ledger.queue))
            self._deliver(batch, encoder)
            self._ledger.publish(self._sender.unsettled_spans)
            self._answer_flushes(encoder)
        self._settle(encoder)

    def _settle(self, encoder: Encoder) -> None:
        """Take back what is refused now; a refusal takes a moment beyond loopback."""
        deadline = self.end.deadline if self.end else NEVER
        settled_at = min(deadline, native.monotonic() + CAUTIOUS_SETTLE_SECONDS)
        while self._delivery.unsettled:
            native.sleep(FINAL_SETTLE_SECONDS)
            self._deliver([], encoder)
            if not self._delivery.holding or native.monotonic() >= settled_at:
                break
            self._wait_to_retry(CAUTIOUS_TICK_SECONDS)

    def _answer_flushes(self, encoder: Encoder) -> None:
        if self._flushes and self._flushes[0].mark <= self._ledger.taken:
            self._settle(encoder)
            self._ledger.publish(self._sender.unsettled_spans)
            self._release(True)

    def _release(self, sent: bool) -> None:
        """Let those go on who wait for a flush: for what is sent, or all if it cannot be."""
        taken = self._ledger.taken
        for flush in list(self._flushes):
            if not sent or flush.mark <= taken:
                self._flushes.remove(flush)
                flush.done.set(sent)

    def _deliver(self, batch: list[Any], encoder: Encoder) -> None:
        try:
            self._delivery.deliver(batch, encoder)
        except Exception:  # a bug must not end the reporting
            logger.exception("A batch of spans could not be delivered")
            self._delivery.abandon("send_error")

    def _next_batch(self) -> list[Any] | None:
        """Return spans once there are enough, or they are old enough; None at the end."""
        queue, size = self._ledger.queue, self._settings.batch_size
        while True:
            if self._is_out_of_time():
                self._ledger.drop("close_timeout", len(self._ledger.take(len(queue))))
            closing = self.end is not None
            in_haste = closing or bool(self._flushes)
            if len(queue) >= size or (queue and (in_haste or self._is_due())):
                self.wake_at = NEVER
                self._is_worth_a_packet()  # it leaves anyway, and counts
                return self._take()
            if closing:
                return None
            if in_haste:
                return []
            pause = self._pause()
            if len(queue) >= self.wake_at or self._flushes or self.end is not None:
                continue  # it came while the length was set at which to wake
            if not self._wait(pause) and not queue:
                return []

    def _take(self) -> list[Any]:
        self._flush_at = NEVER
        self._patience.end()
        return self._ledger.take(self._settings.batch_size)

    def _is_due(self) -> bool:
        return native.monotonic() >= self._flush_at

    def _pause(self) -> float | None:
        """Return how long to sleep, and set the queue length that wakes the thread."""
        if not self._ledger.queue:
            self.wake_at, self._flush_at = 1, NEVER
            self._is_watching = self._delivery.unsettled
            return SETTLE_TICK_SECONDS if self._is_watching else None
        self.wake_at = self._settings.batch_size
        if self._flush_at == NEVER:
            self._flush_at = native.monotonic() + self._patience.begin()
        return max(0.0, self._flush_at - native.monotonic())

    def _wait(self, seconds: float | None) -> bool:
        self._desk.release()
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return False
        finally:
            self._desk.acquire()
        return True

    def _wait_to_retry(self, seconds: float) -> None:
        if self._delivery.is_hopeless:
            self._release(False)
        deadline = self.end.deadline if self.end else NEVER
        self._wait(max(0.0, min(seconds, deadline - native.monotonic())))

    def _is_out_of_time(self) -> bool:
        return self.end is not None and native.monotonic() >= self.end.deadline

    def _must_give_up(self) -> bool:
        hopeless = self.end is not None and self._delivery.is_hopeless
        return hopeless or self._is_out_of_time()
