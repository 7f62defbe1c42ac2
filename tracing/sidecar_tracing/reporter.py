"""The reporter: puts finished spans into a bounded queue, which one plain thread empties."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import logging
import os
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jaeger_client.reporter import BaseReporter

from sidecar_tracing import chores, endings, lifecycle, native, stats_socket
from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.courier import NEVER, Courier
from sidecar_tracing.delivery import BYTES_PER_SECOND
from sidecar_tracing.encoding import Encoder
from sidecar_tracing.ledger import Ledger
from sidecar_tracing.orders import Settings
from sidecar_tracing.waits import bounded
from sidecar_tracing.weights import QUEUE_BYTES, Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.ledger import Stats
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

CLOSE_SECONDS = 5.0
"""Limit of a close without a timeout.

It is half of a container's usual grace period.
"""

LATE_SECONDS = 0.2
"""How long a close waits beyond its limit for the thread's last counts.

A busy host may run the thread late; without them, the report does not say why spans are unsent.
"""

UNSEEN_SECONDS = 0.1
"""How long spans wait for others at the most where a process may end without a word."""


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
        queue_bytes: int = QUEUE_BYTES,
        bytes_per_second: float = BYTES_PER_SECOND,
        echo: Callable[[Any], None] | None = None,
    ) -> None:
        self.ledger = Ledger(metrics)
        self._echo = echo
        self._sender = sender
        self._capacity = max(1, queue_size)
        self._queue_bytes = queue_bytes
        self._settings = Settings(
            max(1, min(batch_size, self._capacity)), bounded(flush_interval), bytes_per_second
        )
        self._service: tuple[str, dict[str, Any], int] = ("", {}, 0)
        self._new_export: Callable[[], Callable[[], None]] | None = None
        self._begin()
        lifecycle.track(self)
        endings.arm()

    def _begin(self) -> None:
        """Make everything that must not come from another process, such as threads and locks."""
        self._pid = os.getpid()
        self._may_arm = True
        self._room = Room(self._queue_bytes, self.ledger)
        is_unseen = endings.are_unseen()
        self._courier = self._new_courier(UNSEEN_SECONDS if is_unseen else NEVER)
        self._send = self._courier.send_here if is_unseen else None
        """Sends a finished span at once, where there may be no later moment."""
        self._is_ending = False
        self._late: Courier | None = None
        """Sends what other threads or exit hooks finish once the exit hook has sent the rest."""
        self.ledger.export = self._export_first if self._new_export else None

    def export_by(self, new: Callable[[], Callable[[], None]]) -> None:
        """Have each process write its counts by what `new` returns in it, with its first spans."""
        self._new_export = new
        self.ledger.export = self._export_first

    def _export_first(self) -> None:
        if self._new_export is not None:
            self.ledger.export = self._new_export()
            self.ledger.export()

    def _new_courier(self, longest: float = NEVER) -> Courier:
        """Return a courier with which no span waits longer for others than `longest` seconds."""
        interval = min(self._settings.flush_interval, longest)
        settings = replace(self._settings, flush_interval=interval)
        return Courier(self.ledger, self._sender, settings, self._new_encoder)

    def _new_encoder(self) -> Encoder:
        return Encoder.for_service(*self._service, self._settings.batch_size, self.ledger)

    def after_fork_in_child(self) -> None:
        """Restart in a forked child: the parent sends the queue, the child its own spans."""
        is_closed = self._courier.end is not None
        self.ledger.reset()
        self._sender.close()
        self._begin()
        if is_closed:
            self._courier.close(0)

    def set_process(self, service_name: str, tags: dict[str, Any], max_length: int) -> None:
        """Set the service's name and the tags for all packets."""
        self._service = (service_name, tags, max_length)

    def report_span(self, span: Any) -> None:
        """Queue a finished span, or count it as dropped."""
        if os.getpid() != self._pid:
            self._notice_fork()
        if self._echo is not None:
            self._echo(span)
        if chores.due:
            chores.catch_up()
        queue, courier = self.ledger.queue, self._courier
        length = len(queue)
        if courier.end is not None and not self._is_ending:
            self.ledger.refuse("closed")
            return
        if length >= self._capacity or not self._room.has_for(span, length):
            self.ledger.refuse("queue_full")
        else:
            queue.append(span)
        try:
            if self._send is not None:
                self._send()
            elif len(queue) >= courier.wake_at:
                courier.wake()
        except BaseException:
            courier.wake()  # a signal handler raised: the span is in the queue nevertheless
            raise
        if self._may_arm:
            self._may_arm = endings.arm_early()

    def _send_late(self) -> None:
        # a finalizer of the last objects comes when modules are gone already
        if self._late is not None and not sys.is_finalizing():
            self._late.flush_here()
            self.ledger.show()

    def stats(self) -> Stats:
        """Return the counts of this process."""
        self._notice_fork()
        chores.catch_up()
        return self.ledger.stats()

    def glance(self) -> dict[str, Any]:
        """Return the counts and where packets go, without a lock: for another thread to show."""
        sender, ledger = self._sender, self.ledger
        to = {"host": sender.host, "port": sender.port, "address": sender.address}
        return {**to, "sent_at": ledger.sent_at, **ledger.glance().as_dict()}

    def flush(self, timeout: float) -> bool:
        """Send what is finished within `timeout` seconds; False if some of it is left."""
        self._notice_fork()
        courier = self._courier
        if courier.is_idle:
            return True
        if (end := courier.end) is not None:
            return end.done.wait_politely(bounded(timeout)) and courier.is_idle
        done = courier.flush().done
        sent = done.wait_politely(bounded(timeout)) and bool(done.value)
        chores.catch_up()
        return sent

    def flush_at_end(self, deadline: float) -> bool:
        """Send what is finished: the process ends after this."""
        self._notice_fork()
        courier = self._courier
        if courier.is_idle:
            self.ledger.show_last()
            return True
        if lifecycle.is_impatient():
            courier.hurry()
        done = courier.end.done if courier.end else courier.flush().done
        done.wait(deadline - native.monotonic())
        self.ledger.show_last()
        return courier.is_idle

    def close(self, timeout: float = CLOSE_SECONDS) -> Closing:
        """Accept no more spans, and send the queue in the background for up to `timeout` s."""
        self._notice_fork()
        closing, end = Closing(), self._courier.close(timeout)

        def resolve() -> None:
            end.done.wait_politely(end.deadline - native.monotonic() + CLOSE_SECONDS)
            closing.set_result(self._report())

        if end.done.is_set:
            resolve()
        else:
            # a thread of the service's own kind: so are the futures
            threading.Thread(target=resolve, name="sidecar-tracing-close", daemon=True).start()
        return closing

    def close_and_wait(self, timeout: float) -> CloseReport:
        """Close, and return the outcome within about `timeout` seconds."""
        self._notice_fork()
        done = self._courier.close(timeout).done
        done.wait_politely(bounded(timeout) + LATE_SECONDS)
        chores.catch_up()
        return self._report()

    def close_at_end(self, deadline: float) -> CloseReport:
        """Close at the end of the process, in this thread alone."""
        self._notice_fork()
        if lifecycle.is_impatient():
            self._courier.hurry()
        seconds = max(0.0, deadline - native.monotonic())
        if self._courier.end is None:
            self._is_ending, self._send = True, self._send_late
        self._courier.close(seconds).done.wait(seconds + LATE_SECONDS)
        if self._is_ending:
            self._late = self._new_courier()
            self._late.end_at(deadline)
            if lifecycle.is_impatient():
                self._late.hurry()
            self._late.flush_here()
        self.ledger.show_last()
        return self._report()

    def _report(self) -> CloseReport:
        if (end := self._courier.end) and end.done.is_set:
            lifecycle.forget(self)
        return CloseReport.from_stats(self.ledger.stats())

    def _notice_fork(self) -> None:
        # Python does not see a fork of uWSGI
        if os.getpid() != self._pid:
            stats_socket.after_fork_in_child()
            self.after_fork_in_child()
