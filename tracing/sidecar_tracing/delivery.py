"""The reporter thread's work: spans to packets, packets to the agent, refused ones again."""

from __future__ import annotations

import errno
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from sidecar_tracing.pacing import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar_tracing.encoding import Encoder, Packet
    from sidecar_tracing.ledger import Ledger
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 1.0


class Delivery:
    """Delivers batches in order and does not return from one before it has left or time is up."""

    def __init__(
        self, sender: UdpSender, ledger: Ledger, give_up: Callable[[], bool], wait: Callable[[float], None]
    ) -> None:
        self._sender = sender
        self._ledger = ledger
        self._give_up = give_up
        self._wait = wait
        self._pace = Pace()
        self._pending: deque[Packet] = deque()
        self._failures = 0

    @property
    def unsettled(self) -> bool:
        """Whether a packet that left may still come back."""
        return self._sender.unsettled

    def deliver(self, spans: Iterable[Any], encoder: Encoder) -> None:
        """Send these spans, and whatever came back since; an empty batch only looks for the latter."""
        self._pending.extend(encoder.packets(spans))
        self._take_back()
        while self._pending:
            if self._give_up():
                self.abandon("close_timeout")
            else:
                self._attempt(self._pending[0])

    def abandon(self, reason: str) -> None:
        """Drop what has not left, and count it."""
        self._ledger.drop(reason, sum(packet.spans for packet in self._pending))
        self._pending.clear()

    def _attempt(self, packet: Packet) -> None:
        time.sleep(self._pace.delay(len(packet.data)))
        try:
            self._sender.send(packet)
        except (OSError, ValueError, OverflowError) as error:  # the latter two: a host or port that is none
            self._failed(packet, error)
        else:
            self._pending.popleft()
            self._ledger.send(packet.spans)
            if not self._take_back():
                self._recovered()

    def _take_back(self) -> bool:
        refused = self._sender.take_refused()
        for packet in reversed(refused):
            self._ledger.recall(packet.spans)
            self._pending.appendleft(packet)
        if refused:
            self._retry_later("refused")
        return bool(refused)

    def _failed(self, packet: Packet, error: Exception) -> None:
        if getattr(error, "errno", None) == errno.EMSGSIZE:
            self._pending.popleft()
            self._ledger.drop("send_error", packet.spans)
            return
        self._retry_later(getattr(error, "strerror", None) or type(error).__name__)

    def _retry_later(self, cause: str) -> None:
        if not self._failures:
            logger.warning(
                "The agent at %s:%s takes no spans (%s); keeping them and trying again",
                self._sender.host,
                self._sender.port,
                cause,
            )
        self._sender.reset()
        self._wait(min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10)))
        self._failures += 1

    def _recovered(self) -> None:
        if self._failures:
            logger.info("The agent at %s:%s takes spans again", self._sender.host, self._sender.port)
        self._failures = 0
