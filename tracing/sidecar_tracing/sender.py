"""Packets to the agent by UDP, and back again when its host refuses them."""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar_tracing.encoding import Packet

RESOLVE_SECONDS = 2.0
"""An agent that moves to another address is found again within this time, however slow the resolver is."""

_LOOKUPS_SHARE = 20
"""A lookup holds for so many times what it took: a quick resolver is asked before nearly every packet, since a
bridge swallows packets to a container that has gone; a slow one takes a twentieth of the time."""

SETTLE_SECONDS = 4.0
"""How long a packet may still come back: an unanswered neighbour lookup takes the kernel three seconds."""

_KEPT_PACKETS = 128
_QUOTE_BYTES = 2_048
_ERROR_QUEUE: int | None = getattr(socket, "MSG_ERRQUEUE", None)
_ERROR_QUEUE_OPTIONS = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # IP_RECVERR
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR
}

_Address = tuple[int, tuple[object, ...]]


class UdpSender:
    """A connected UDP socket to a host by name; used by one thread at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._turn = 0
        self._forget()

    def _forget(self) -> None:
        self._socket: socket.socket | None = None
        self._address: _Address | None = None
        self._resolve_at = 0.0
        self._kept: deque[tuple[float, Packet]] = deque(maxlen=_KEPT_PACKETS)

    def send(self, packet: Packet) -> None:
        """Send one packet.

        Raises OSError where the name does not resolve or the network refuses; the packet is then still the caller's.
        """
        connected = self._connected()
        try:
            connected.send(packet.data)
        except ConnectionRefusedError:
            # the kernel reports an earlier packet's refusal here, and this one has not left
            connected.send(packet.data)
        self._kept.append((time.monotonic(), packet))

    def take_refused(self) -> list[Packet]:
        """Return the packets that came back since the last call; never the same one twice."""
        horizon = time.monotonic() - SETTLE_SECONDS
        while self._kept and self._kept[0][0] < horizon:
            self._kept.popleft()
        quotes = self._quotes()
        if not quotes:
            return []
        refused = [packet for _, packet in self._kept if packet.data.startswith(quotes)]
        kept = [(at, packet) for at, packet in self._kept if packet not in refused]
        self._kept = deque(kept, maxlen=_KEPT_PACKETS)
        return refused

    @property
    def unsettled(self) -> bool:
        """Whether a packet is young enough to come back."""
        return bool(self._kept)

    def reset(self) -> None:
        """Close the socket; the next send resolves the name again and takes its next address."""
        self._turn += 1
        self.close()

    def close(self) -> None:
        """Close the socket; a later send opens another."""
        if self._socket is not None:
            self._socket.close()
        self._forget()

    def _connected(self) -> socket.socket:
        began = time.monotonic()
        if self._socket is None or began > self._resolve_at:
            addresses = self._resolve()
            took = time.monotonic() - began
            if self._address not in addresses:
                self._connect(addresses[self._turn % len(addresses)])
            self._resolve_at = began + took + min(RESOLVE_SECONDS, _LOOKUPS_SHARE * took)
        assert self._socket is not None  # noqa: S101 - for the type checker
        return self._socket

    def _resolve(self) -> list[_Address]:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        return [(family, tuple(address)) for family, _, _, _, address in found]

    def _connect(self, address: _Address) -> None:
        self.close()
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
        self._socket, self._address = opened, address

    def _quotes(self) -> tuple[bytes, ...]:
        """Return the first bytes of each refused packet, as the kernel quotes them."""
        if self._socket is None or not self._kept:
            return ()
        if _ERROR_QUEUE is None:
            failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return (self._kept[-1][1].data,) if failed else ()
        return tuple(iter(self._next_quote, b""))

    def _next_quote(self) -> bytes:
        assert self._socket is not None  # noqa: S101 - for the type checker
        assert _ERROR_QUEUE is not None  # noqa: S101 - for the type checker
        try:
            return self._socket.recvmsg(_QUOTE_BYTES, 512, _ERROR_QUEUE)[0]
        except OSError:
            return b""
