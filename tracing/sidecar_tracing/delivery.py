"""The work of the reporter's thread: sends packets at a pace, and refused ones again."""

from __future__ import annotations

import errno
import logging
import math
import random
import socket
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar_tracing import chores, native
from sidecar_tracing.waits import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar_tracing.encoding import Encoder, Packet
    from sidecar_tracing.ledger import Ledger
    from sidecar_tracing.sender import UdpSender

logger = logging.getLogger("sidecar_tracing")

FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 1.0

HOPELESS_REFUSALS = 3
"""After so many, an agent on loopback that was never there is not waited for at the exit."""

HASTY_RETRY_SECONDS = 0.03

PROBE_SECONDS = 1.0
"""Time between packets while UdpSender.doubtful is true; twice that after a refusal."""

FIRST_LOOK_SECONDS = 0.001
LAST_LOOK_SECONDS = 0.05
"""Time between two looks for the answer of a lookup."""

OVERDUE_SECONDS = 2.0
"""After this time without an answer, the log says so."""

QUIET_SECONDS = 3.0
"""Time without a refusal after which packets count as arrived again."""

BYTES_PER_SECOND = 2_500_000
"""At this rate, an agent can pause for 60 ms until a default receive buffer (212,992 B) is full."""

BURST_BYTES = 65_536
"""Bytes that can be sent at once after a pause: no more than the agent's kernel buffer holds."""

PACKET_OVERHEAD = 1_024
"""Roughly what the kernel charges per packet in addition to its bytes."""


class Delivery:
    """Delivers batches in order; returns when a batch is sent, or when the time is over."""

    def __init__(
        self,
        sender: UdpSender,
        ledger: Ledger,
        bytes_per_second: float,
        give_up: Callable[[], bool],
        wait: Callable[[float], None],
    ) -> None:
        self._sender = sender
        self._ledger = ledger
        self._give_up = give_up
        self._wait = wait
        self._pace = Bucket(BURST_BYTES, max(1.0, bytes_per_second))
        self._pending: deque[Packet] = deque()
        self._encoder: Encoder | None = None
        self._failures = 0
        self._refusals: int | None = 0
        """How often loopback refused a packet, or None after it took one."""
        self._is_in_haste = False
        self._calm_at = math.inf
        self._was_absent = False
        """The agent had no name. Docker names a container before it is on its network, and until
        then nothing refuses packets."""

    @property
    def unsettled(self) -> bool:
        """Whether a sent packet may still come back."""
        return self._sender.unsettled

    @property
    def holding(self) -> bool:
        """Whether the last refusal is so recent that packets sent since then may be lost."""
        return self._sender.holding

    def hurry(self) -> None:
        """Find out soon whether anybody listens: the process is ending."""
        self._is_in_haste = True
        if self._refusals is not None:
            self._refusals = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether, at the end of the process, nothing has ever listened on loopback."""
        refusals = self._refusals
        return self._is_in_haste and refusals is not None and refusals >= HOPELESS_REFUSALS

    def deliver(self, spans: Iterable[Any], encoder: Encoder) -> None:
        """Send these spans and those that came back; an empty batch sends only the latter."""
        self._encoder = encoder
        self._pending.extend(encoder.packets(spans))
        self._take_back()
        if self.holding and not self._pending and self._sender.ready():
            # after a false recovery, a later refusal brings back what was sent since
            self._attempt(encoder.probe())
        while self._pending:
            if self._give_up():
                self._give_up_pending()
            elif not self._sender.ready():
                self._await_lookup()
            else:
                # an empty batch tests whether packets arrive: it can be neither lost nor doubled
                self._attempt(self._pending[0] if self._is_calm() else encoder.probe())

    @property
    def is_free(self) -> bool:
        """Whether a packet can leave now: none is in doubt, or waits."""
        in_doubt = self._failures or self.holding or not self._is_calm()
        return not (self._pending or in_doubt) and not self._pace.wait(PACKET_OVERHEAD)

    def send_now(self, spans: Iterable[Any], encoder: Encoder) -> None:
        """Send what takes no wait; the rest is for the next `deliver`."""
        self._encoder = encoder
        self._pending.extend(encoder.packets(spans))
        while self._pending and not self._pace.wait(_cost(self._pending[0])):
            if not self._sender.has_address():
                return
            self._pace.charge(_cost(self._pending[0]))
            try:
                self._sender.send(self._pending[0])
            except (OSError, ValueError, OverflowError):
                return  # `deliver` finds out why
            self._ledger.send(self._pending.popleft().spans)
            if self._recall():
                return
            self._refusals = None

    def _await_lookup(self) -> None:
        waited = self._sender.waited or 0.0
        if waited > OVERDUE_SECONDS:
            self._warn("its name is still being looked up")
            self._failures = max(1, self._failures)
        self._wait(min(LAST_LOOK_SECONDS, max(FIRST_LOOK_SECONDS, waited / 4)))

    def _give_up_pending(self) -> None:
        doubtful = sum(packet.spans for packet in self._pending if packet.may_have_arrived)
        certain = sum(packet.spans for packet in self._pending) - doubtful
        self._pending.clear()
        self._ledger.drop("close_timeout", certain)
        self._ledger.drop("close_unconfirmed", doubtful)

    def abandon(self, reason: str) -> None:
        """Drop and count what is not sent yet."""
        self._ledger.drop(reason, sum(packet.spans for packet in self._pending))
        self._pending.clear()

    def _attempt(self, packet: Packet) -> None:
        native.sleep(self._pace.charge(_cost(packet)))
        try:
            self._sender.send(packet)
        except (OSError, ValueError, OverflowError) as error:
            # ValueError and OverflowError: the host or port is invalid
            self._failed(packet, error)
            self._take_back()
        else:
            if packet.spans:
                self._pending.popleft()
                self._ledger.send(packet.spans)
            if not self._take_back():
                self._refusals = None
                self._accepted()

    def _accepted(self) -> None:
        if self._is_calm():
            self._recovered()
            return
        self._calm_at = min(self._calm_at, native.monotonic() + QUIET_SECONDS)
        self._wait(_about(PROBE_SECONDS))
        self._take_back()

    def _is_calm(self) -> bool:
        in_doubt = self._sender.doubtful or (self._was_absent and not self._sender.is_exact)
        return not in_doubt or native.monotonic() >= self._calm_at

    def _take_back(self) -> bool:
        was_exact = self._sender.is_exact
        if refused := self._recall():
            self._calm_at = math.inf
            if self._refusals is not None and was_exact:
                self._refusals += 1
            self._retry_later("refused")
        return refused

    def _recall(self) -> bool:
        """Put first what came back; whether the host refused some of it."""
        refused = self._sender.take_refused()
        self._send_again([*refused, *self._sender.take_moved()])
        return bool(refused)

    def _send_again(self, packets: list[Packet]) -> None:
        for packet in reversed(packets):
            if packet.spans:
                self._ledger.recall(packet.spans)
                self._pending.appendleft(packet)

    def _failed(self, packet: Packet, error: Exception) -> None:
        if getattr(error, "errno", None) == errno.EMSGSIZE and packet.spans:
            self._pending.popleft()
            self._shorten(packet)
            return
        if isinstance(error, socket.gaierror):
            self._was_absent, self._calm_at = True, math.inf
        self._retry_later(getattr(error, "strerror", None) or type(error).__name__)

    def _shorten(self, packet: Packet) -> None:
        """Send a packet that the socket does not take in two parts; a single span has none."""
        if packet.spans > 1 and self._encoder is not None:
            self._pending.extendleft(reversed(self._encoder.split(packet)))
        else:
            self._ledger.drop("send_error", packet.spans)

    def _retry_later(self, cause: str) -> None:
        self._warn(cause)
        self._sender.reset()
        self._wait(self._retry_seconds())
        self._failures += 1

    def _warn(self, cause: str) -> None:
        if not self._failures:
            text = "The agent at %s:%s does not accept spans (%s); keeping and retrying them"
            host, port = self._sender.host, self._sender.port
            chores.do(partial(logger.warning, text, host, port, cause))

    def _retry_seconds(self) -> float:
        if self._is_in_haste and self._refusals is not None and not self._sender.doubtful:
            return HASTY_RETRY_SECONDS
        if self._sender.doubtful:
            return _about(2 * PROBE_SECONDS if self._failures else PROBE_SECONDS)
        return min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(self._failures, 10))

    def _recovered(self) -> None:
        if self._failures:
            host, port = self._sender.host, self._sender.port
            text = "The agent at %s:%s accepts spans again"
            chores.do(partial(logger.info, text, host, port))
        self._failures = 0
        self._was_absent = False
        self._sender.trust()


def _cost(packet: Packet) -> int:
    return len(packet.data) + PACKET_OVERHEAD


def _about(seconds: float) -> float:
    # of processes that probe at the same time, only the first one would get the refusals
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
