"""The reporter thread's work: spans to packets, packets to the agent, refused ones again."""

from __future__ import annotations

import errno
import logging
import math
import random
import time
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar_tracing.encoding import Encoder, Packet
    from sidecar_tracing.ledger import Ledger
    from sidecar_tracing.pacing import Pace
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 1.0

PROBE_SECONDS = 1.0
"""Time between packets while UdpSender.doubtful is true; twice that after a refusal."""

QUIET_SECONDS = 3.0
"""How long nothing must be refused before silence means success again."""


class Delivery:
    """Delivers batches in order and does not return from one before it has left or time is up."""

    def __init__(
        self,
        sender: UdpSender,
        ledger: Ledger,
        pace: Pace,
        give_up: Callable[[], bool],
        wait: Callable[[float], None],
    ) -> None:
        self._sender = sender
        self._ledger = ledger
        self._give_up = give_up
        self._wait = wait
        self._pace = pace
        self._pending: deque[Packet] = deque()
        self._failures = 0
        self._calm_at = math.inf

    @property
    def unsettled(self) -> bool:
        """Whether a packet that left may still come back."""
        return self._sender.unsettled

    @property
    def holding(self) -> bool:
        """Whether a refusal is so young that what left since may still be found lost."""
        return self._sender.holding

    def deliver(self, spans: Iterable[Any], encoder: Encoder) -> None:
        """Send these spans, and those that came back; an empty batch only looks for the latter."""
        self._pending.extend(encoder.packets(spans))
        self._take_back()
        if (
            self.holding and not self._pending
        ):  # what left after a false recovery comes back by a later refusal
            self._attempt(encoder.probe())
        while self._pending:
            if self._give_up():
                self.abandon("close_timeout")
            else:
                # an empty batch asks whether packets arrive: it can be neither lost nor doubled
                self._attempt(self._pending[0] if self._is_calm() else encoder.probe())

    def abandon(self, reason: str) -> None:
        """Drop what has not left, and count it."""
        self._ledger.drop(reason, sum(packet.spans for packet in self._pending))
        self._pending.clear()

    def _attempt(self, packet: Packet) -> None:
        time.sleep(self._pace.delay(len(packet.data)))
        try:
            self._sender.send(packet)
        except (
            OSError,
            ValueError,
            OverflowError,
        ) as error:  # the latter two: a host or port that is none
            self._failed(packet, error)
            self._take_back()
        else:
            if packet.spans:
                self._pending.popleft()
                self._ledger.send(packet.spans)
            if not self._take_back():
                self._accepted()

    def _accepted(self) -> None:
        if self._is_calm():
            self._recovered()
            return
        self._calm_at = min(self._calm_at, time.monotonic() + QUIET_SECONDS)
        self._wait(_about(PROBE_SECONDS))
        self._take_back()

    def _is_calm(self) -> bool:
        return not self._sender.doubtful or time.monotonic() >= self._calm_at

    def _take_back(self) -> bool:
        refused = self._sender.take_refused()
        for packet in reversed([packet for packet in refused if packet.spans]):
            self._ledger.recall(packet.spans)
            self._pending.appendleft(packet)
        if refused:
            self._calm_at = math.inf
            self._retry_later("refused")
        return bool(refused)

    def _failed(self, packet: Packet, error: Exception) -> None:
        if getattr(error, "errno", None) == errno.EMSGSIZE and packet.spans:
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
        self._wait(self._retry_seconds())
        self._failures += 1

    def _retry_seconds(self) -> float:
        if self._sender.doubtful:
            return _about(2 * PROBE_SECONDS if self._failures else PROBE_SECONDS)
        return min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(self._failures, 10))

    def _recovered(self) -> None:
        if self._failures:
            logger.info(
                "The agent at %s:%s takes spans again", self._sender.host, self._sender.port
            )
        self._failures = 0
        self._sender.trust()


def _about(seconds: float) -> float:
    # processes that probe in step would leave all refusals to the first of them
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
