"""Sends packets to the agent by UDP, and takes them back if its host refuses them."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar_tracing.encoding import Packet

RESOLVE_SECONDS = 2.0
"""An agent with a new address is found within this time."""

_LOOKUPS_SHARE = 20
"""A lookup is valid for this many times its own duration.

A quick resolver is asked before nearly every packet, because a bridge silently drops packets to a
container that was removed; a slow one uses a twentieth of the time.
"""

SETTLE_SECONDS = 4.0
"""How long a packet may come back: the kernel's ARP lookup gives up after three seconds."""

HOLD_SECONDS = 15.0
"""How long after a refusal every packet is kept.

A kernel reports one refusal per second to all processes of a host together, so packets without a
refusal may be lost, too.
"""

MOVE_SECONDS = 0.5
"""How long a name may still lead to a host that no longer receives anything.

Docker takes a container off a network about 40 ms before it takes its name away.
"""

CONFIRM_SECONDS = 1.0
"""After this time without another packet, the name is looked up once more."""

_KEPT_PACKETS = 512
_QUOTE_BYTES = 2_048
_ERROR_QUEUE: int | None = getattr(socket, "MSG_ERRQUEUE", None)
_ERROR_QUEUE_OPTIONS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # IP_RECVERR
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR
}

_Address = tuple[int, tuple[object, ...]]


@dataclass
class _Line:
    """A connected socket, and the sent packets that may still come back."""

    socket: socket.socket
    address: _Address
    is_exact: bool
    """Whether each lost packet is refused: kernels do not limit refusals on loopback."""
    listed_at: float = 0.0
    """When the last lookup that returned the address began."""
    kept: deque[tuple[float, Packet]] = field(default_factory=lambda: deque(maxlen=_KEPT_PACKETS))

    def take_moved(self) -> list[Packet]:
        """Return the packets that may have been sent after the host left the network.

        Nothing refuses them. Those that were sent before it left have arrived, and arrive twice.
        """
        return [] if self.is_exact else self._take_since(self.listed_at - MOVE_SECONDS)

    def forget_before(self, horizon: float) -> None:
        while self.kept and self.kept[0][0] < horizon:
            self.kept.popleft()

    def take_refused(self) -> list[Packet]:
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
            failed = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return (self.kept[-1][1].data,) if failed else ()
        return tuple(iter(self._next_quote, b""))

    def _next_quote(self) -> bytes:
        assert _ERROR_QUEUE is not None  # noqa: S101 - for the type checker
        try:
            return self.socket.recvmsg(_QUOTE_BYTES, 512, _ERROR_QUEUE)[0]
        except OSError:
            return b""


class UdpSender:
    """A connected UDP socket to a host by name; used by one thread at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.doubtful = False
        """Whether packets may be lost unnoticed: one was refused since the last `trust`."""
        self._turn = 0
        self._hold_until = 0.0
        self._forget()

    def _forget(self) -> None:
        self._line: _Line | None = None
        self._retired: list[_Line] = []
        self._moved: list[Packet] = []
        self._resolve_at = 0.0

    def send(self, packet: Packet) -> None:
        """Send one packet.

        Raises OSError or ValueError if the name does not resolve or the network refuses; the
        packet then still belongs to the caller.
        """
        line = self._connected()
        try:
            line.socket.send(packet.data)
        except ConnectionRefusedError:
            # the kernel reports the refusal of an earlier packet; this one is not sent yet
            line.socket.send(packet.data)
        line.kept.append((time.monotonic(), packet))

    def take_refused(self) -> list[Packet]:
        """Return the packets that came back since the last call, in the order they were sent.

        Beyond loopback, a refusal brings back all that may be lost; some may have arrived.
        """
        now = time.monotonic()
        refused = [packet for line in self._retired for packet in self._refused_by(line, now)]
        if self._line is not None and (current := self._refused_by(self._line, now)):
            if not self._line.is_exact:
                self.doubtful, self._hold_until = True, now + HOLD_SECONDS
            refused += current
        for line in self._retired:
            if not line.kept:
                line.socket.close()
        self._retired = [line for line in self._retired if line.kept]
        return refused

    def take_moved(self) -> list[Packet]:
        """Return the packets to an address that the name no longer has, in the order of sending.

        They may be lost: beyond loopback, nothing refuses a packet to a host that has left.
        """
        self._confirm()
        moved, self._moved = self._moved, []
        return moved

    def _confirm(self) -> None:
        """Look the name up again if packets were sent since the last time and no more follow."""
        line, now = self._line, time.monotonic()
        if line is None or line.is_exact or not line.kept:
            return
        sent_at = line.kept[-1][0]
        if sent_at > line.listed_at and now > sent_at + CONFIRM_SECONDS:
            with suppress(OSError, ValueError):
                self._look_up()

    def _refused_by(self, line: _Line, now: float) -> list[Packet]:
        # first: after a long wait, the refusal has arrived and the packet is old
        refused = line.take_refused()
        if line.is_exact or now >= self._hold_until:
            line.forget_before(now - SETTLE_SECONDS)
        return refused

    @property
    def address(self) -> str:
        """The IP address that packets go to; empty before the first one."""
        line = self._line
        return str(line.address[1][0]) if line else ""

    def trust(self) -> None:
        """Assume again that packets without a refusal arrive."""
        self.doubtful = False

    @property
    def is_exact(self) -> bool:
        """Whether each lost packet is refused; False without a socket."""
        return self._line is not None and self._line.is_exact

    @property
    def holding(self) -> bool:
        """Whether the last refusal is so recent that packets sent since then may be lost."""
        return time.monotonic() < self._hold_until

    @property
    def unsettled(self) -> bool:
        """Whether a packet is recent enough to come back."""
        return bool(self._retired) or (self._line is not None and bool(self._line.kept))

    def reset(self) -> None:
        """Give up the socket; the next send resolves the name again and uses its next address."""
        self._turn += 1
        self._retire()
        self._resolve_at = 0.0

    def _retire(self) -> None:
        if self._line is not None and self._line.kept:
            self._retired.append(self._line)
        elif self._line is not None:
            self._line.socket.close()
        self._line = None

    def close(self) -> None:
        """Close all sockets; a later send opens another."""
        for line in [*self._retired, *([self._line] if self._line else [])]:
            line.socket.close()
        self._forget()

    def _connected(self) -> _Line:
        if self._line is None or time.monotonic() > self._resolve_at:
            began = time.monotonic()
            addresses = self._look_up()
            if self._line is None or self._line.address not in addresses:
                self._retire()
                self._line = _connect(addresses[self._turn % len(addresses)])
                self._line.listed_at = began
        return self._line

    def _look_up(self) -> list[_Address]:
        """Return the name's addresses, and take back what was sent to another address."""
        began = time.monotonic()
        addresses: list[_Address] = []
        try:
            addresses = self._resolve()
        finally:
            for line in [*self._retired, *([self._line] if self._line else [])]:
                if line.address in addresses:
                    line.listed_at = began
                else:
                    self._moved += line.take_moved()
        took = time.monotonic() - began
        self._resolve_at = began + took + min(RESOLVE_SECONDS, _LOOKUPS_SHARE * took)
        return addresses

    def _resolve(self) -> list[_Address]:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        return [(family, tuple(address)) for family, _, _, _, address in found]


def _connect(address: _Address) -> _Line:
    family, target = address
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if _ERROR_QUEUE is not None:
            opened.setsockopt(*_ERROR_QUEUE_OPTIONS[socket.AddressFamily(family)], 1)
        opened.connect(target)
    except OSError:
        opened.close()
        raise
    is_exact = ipaddress.ip_address(str(target[0]).partition("%")[0]).is_loopback
    return _Line(opened, address, is_exact)
