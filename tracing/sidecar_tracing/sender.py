"""Sends packets to the agent by UDP, and keeps them for another try if its host refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar_tracing import native
from sidecar_tracing.line import connect
from sidecar_tracing.lookups import Lookups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar_tracing.encoding import Packet
    from sidecar_tracing.line import Line
    from sidecar_tracing.lookups import Answer

RESOLVE_SECONDS = 2.0
"""An agent with a new address is found within this time."""

_LOOKUPS_SHARE = 20
"""A lookup is valid for this many times its own duration.

A quick resolver is asked before nearly every packet, because a bridge silently drops packets to a
container that was removed; a slow one is asked for a twentieth of the time.
"""

PATIENCE_SECONDS = 0.05
"""How long a packet waits for a lookup before it goes to the last known address."""

SETTLE_SECONDS = 4.0
"""How long a packet may come back: the kernel's ARP lookup gives up after three seconds."""

HOLD_SECONDS = 15.0
"""How long after a refusal every packet is kept.

A kernel reports one refusal per second to all processes of a host together, so packets without a
refusal may be lost, too.
"""

CONFIRM_SECONDS = 1.0
"""After this time without another packet, the name is looked up once more."""


class UdpSender:
    """A connected UDP socket to a host by name; used by one thread at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.doubtful = False
        """Whether packets may be lost unnoticed: one was refused since the last `trust`."""
        self._turn = 0
        self._hold_until = 0.0
        self._lookups = Lookups(host, port)
        self._forget()

    def _forget(self) -> None:
        self._line: Line | None = None
        self._retired: list[Line] = []
        self._moved: list[Packet] = []
        self._error: Exception | None = None
        self._resolve_at = 0.0

    def start(self) -> None:
        """Start what needs a thread."""
        self._lookups.start()

    def ready(self) -> bool:
        """Whether `send` can be called: the address, or why there is none, is known well enough."""
        self.has_address()
        if (waited := self.waited) is not None and waited < PATIENCE_SECONDS:
            return False
        return self._line is not None or self._error is not None

    def has_address(self) -> bool:
        """Whether an address is known, if only the last one; looks the name up if that is due."""
        if self._line is not None and self._line.socket.is_lost:
            self._retire()
            self._resolve_at = 0.0
        if native.monotonic() > self._resolve_at:
            self._error = None
            self._lookups.ask()
        self._heed()
        return self._line is not None

    @property
    def waited(self) -> float | None:
        """How long the lookup that is under way takes already."""
        asked_at = self._lookups.asked_at
        return None if asked_at is None else native.monotonic() - asked_at

    def send(self, packet: Packet) -> None:
        """Send one packet, once `ready`.

        Raises what the lookup raised if the name does not resolve, or OSError if the network
        refuses; the packet then still belongs to the caller.
        """
        line = self._line
        if line is None:
            raise self._error or TimeoutError("the name is still being looked up")
        line.send(packet.data)
        line.kept.append((native.monotonic(), packet))

    def take_refused(self) -> list[Packet]:
        """Return the packets that came back since the last call, in the order they were sent.

        Beyond loopback, a refusal brings back all that may be lost; some may have arrived.
        """
        now = native.monotonic()
        refused = [packet for line in self._retired for packet in self._refused_by(line, now)]
        if self._line is not None and (current := self._refused_by(self._line, now)):
            if not self._line.is_exact:
                self.doubtful, self._hold_until = True, now + HOLD_SECONDS
            refused += current
        for line in self._retired:
            if not line.kept:
                line.close()
        self._retired = [line for line in self._retired if line.kept]
        return refused

    def take_moved(self) -> list[Packet]:
        """Return the packets to an address that the name no longer has, in the order of sending.

        They may be lost: beyond loopback, nothing refuses a packet to a host that has left.
        """
        self._confirm()
        self._heed()
        moved, self._moved = self._moved, []
        return moved

    def _confirm(self) -> None:
        """Look the name up again if packets were sent since the last time and no more follow."""
        line, now = self._line, native.monotonic()
        if line is None or line.is_exact or not line.kept:
            return
        sent_at = line.kept[-1][0]
        if sent_at > line.listed_at and now > sent_at + CONFIRM_SECONDS:
            self._lookups.ask()

    def _refused_by(self, line: Line, now: float) -> list[Packet]:
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
        return native.monotonic() < self._hold_until

    @property
    def unsettled(self) -> bool:
        """Whether a packet is recent enough to come back."""
        return bool(self._retired) or (self._line is not None and bool(self._line.kept))

    @property
    def unsettled_spans(self) -> int:
        """The spans that may still come back."""
        return sum(packet.spans for line in self._lines() for _, packet in line.kept)

    def reset(self) -> None:
        """Give up the socket; the next one is to the name's next address, after another lookup."""
        self._turn += 1
        self._retire()
        self._error = None
        self._resolve_at = 0.0

    def _retire(self) -> None:
        if self._line is not None and self._line.kept:
            self._retired.append(self._line)
        elif self._line is not None:
            self._line.close()
        self._line = None

    def close(self) -> None:
        """Close all sockets; after `ready`, a later send opens another."""
        for line in self._lines():
            line.close()
        self._lookups.close()
        self._forget()

    def _lines(self) -> Iterator[Line]:
        yield from self._retired
        if self._line is not None:
            yield self._line

    def _heed(self) -> None:
        """Use the answer of a lookup that has ended: take back what went to another address."""
        answer = self._lookups.answer()
        if answer is None:
            return
        valid = min(RESOLVE_SECONDS, _LOOKUPS_SHARE * answer.took)
        self._resolve_at = answer.began + answer.took + valid
        for line in self._lines():
            if line.address in answer.addresses:
                line.listed_at = answer.began
            else:
                self._moved += line.take_moved()
        if self._line is None or self._line.address not in answer.addresses:
            self._retire()
            self._open(answer)

    def _open(self, answer: Answer) -> None:
        self._error = answer.error
        if answer.error is not None:
            return
        try:
            self._line = connect(answer.addresses[self._turn % len(answer.addresses)])
        except OSError as error:
            self._error = error
        else:
            self._line.listed_at = answer.began
