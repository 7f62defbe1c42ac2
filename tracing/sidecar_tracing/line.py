"""A connected UDP socket, and the packets that its host may refuse or no longer receive."""

from __future__ import annotations

import _socket
import ipaddress
import socket
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sidecar_tracing.descriptors import Socket

if TYPE_CHECKING:
    from sidecar_tracing.encoding import Packet
    from sidecar_tracing.lookups import Address

MOVE_SECONDS = 0.5
"""How long a name may still lead to a host that no longer receives anything.

Docker takes a container off a network about 40 ms before it takes its name away.
"""

_KEPT_PACKETS = 512
_QUOTE_BYTES = 2_048
_ERROR_QUEUE: int | None = getattr(socket, "MSG_ERRQUEUE", None)
_ERROR_QUEUE_OPTIONS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # IP_RECVERR
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR
}


@dataclass
class Line:
    """A connected socket, and the sent packets that may still come back."""

    socket: Socket
    address: Address
    is_exact: bool
    """Whether each lost packet is refused: kernels do not limit refusals on loopback."""
    listed_at: float = 0.0
    """When the last lookup that returned the address began."""
    kept: deque[tuple[float, Packet]] = field(default_factory=lambda: deque(maxlen=_KEPT_PACKETS))

    def send(self, data: bytes) -> None:
        """Send one packet. Raises OSError if the network refuses."""
        own = self.socket.own()
        try:
            own.send(data)
        except ConnectionRefusedError:
            # the kernel reports the refusal of an earlier packet; this one is not sent yet
            own.send(data)

    def close(self) -> None:
        """Close the socket, unless the service has closed all descriptors."""
        self.socket.close()

    def take_moved(self) -> list[Packet]:
        """Return the packets that may have been sent after the host left the network.

        Nothing refuses them. Those that were sent before it left have arrived, and arrive twice.
        """
        return [] if self.is_exact else self._take_since(self.listed_at - MOVE_SECONDS)

    def forget_before(self, horizon: float) -> None:
        """Forget older packets, unless the next lookup may still tell that they are lost."""
        if not self.is_exact:
            horizon = min(horizon, self.listed_at - MOVE_SECONDS)
        while self.kept and self.kept[0][0] < horizon:
            self.kept.popleft()

    def take_refused(self) -> list[Packet]:
        """Return the packets that came back: beyond loopback, all that may be lost."""
        quotes = self._quotes()
        if not quotes:
            return []
        if not self.is_exact:
            return self._take_since(0.0)
        refused = [packet for _, packet in self.kept if packet.data.startswith(quotes)]
        kept = [pair for pair in self.kept if pair[1] not in refused]
        self.kept = deque(kept, maxlen=_KEPT_PACKETS)
        return refused

    def _take_since(self, horizon: float) -> list[Packet]:
        """Take out the packets sent since then; some of them may have arrived."""
        taken = [packet for sent_at, packet in self.kept if sent_at >= horizon]
        for _ in taken:
            self.kept.pop()
        return [replace(packet, may_have_arrived=True) for packet in taken]

    def _quotes(self) -> tuple[bytes, ...]:
        """Return the first bytes of each refused packet, which the kernel quotes."""
        if not self.kept:
            return ()
        if _ERROR_QUEUE is None:
            return (self.kept[-1][1].data,) if self._has_failed() else ()
        return tuple(iter(self._next_quote, b""))

    def _has_failed(self) -> bool:
        try:
            return bool(self.socket.own().getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        except OSError:
            return False

    def _next_quote(self) -> bytes:
        assert _ERROR_QUEUE is not None  # noqa: S101 - for the type checker
        try:
            return self.socket.own().recvmsg(_QUOTE_BYTES, 512, _ERROR_QUEUE)[0]
        except OSError:
            return b""


def connect(address: Address) -> Line:
    """Return a line to an address. Raises OSError if there is no route or no right."""
    family, target = address
    opened = _socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if _ERROR_QUEUE is not None:
            opened.setsockopt(*_ERROR_QUEUE_OPTIONS[socket.AddressFamily(family)], 1)
        opened.connect(target)
    except OSError:
        opened.close()
        raise
    is_exact = ipaddress.ip_address(str(target[0]).partition("%")[0]).is_loopback
    return Line(Socket(opened), address, is_exact)
