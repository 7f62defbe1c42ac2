"""Takes packets from one UDP port, and sends each to several places."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKET_BUFFER = 4 * 1024 * 1024
"""Requested from the kernel, as an agent does."""
_LARGEST = 65_535
_READS = 64
"""Packets that are read in a row: then other work has its turn."""
_LOOK_UP_SECONDS = 1.0
"""A container that starts again may have another address."""


@dataclass
class Copies:
    """What was sent to one place."""

    sent: int = 0
    failed: int = 0
    """Packets that could not be sent: the place's name was unknown, or its buffer full."""


@dataclass
class Place:
    """Where each packet goes."""

    host: str
    port: int
    copies: Copies = field(default_factory=Copies)
    address: tuple[str, int] | None = None
    """None: its name is not known yet."""

    async def look_up(self) -> None:
        """Find its address; one that is found no more stays."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            found = await loop.getaddrinfo(self.host, self.port, family=socket.AF_INET)
            self.address = (str(found[0][4][0]), self.port)

    def send(self, sender: socket.socket, packet: bytes) -> None:
        """Send a packet; one that cannot be sent at once is counted, not waited for."""
        try:
            went = self.address is not None and sender.sendto(packet, self.address) > 0
        except OSError:
            went = False
        self.copies.sent += went
        self.copies.failed += not went


class Copier:
    """Reads a port, and sends each packet to each place, in their order."""

    def __init__(self, listener: socket.socket, places: Sequence[Place]) -> None:
        """Take a socket that is bound."""
        self._listener = listener
        self._places = places
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._looking: asyncio.Task[None] | None = None
        self.packets = 0

    async def start(self) -> None:
        """Begin to read, in the running loop; first, each place is looked up once."""
        for each in (self._listener, self._sender):
            each.setblocking(False)
        await self._look_up()
        self._looking = asyncio.create_task(self._keep_looking())
        asyncio.get_running_loop().add_reader(self._listener, self._read)

    def stop(self) -> None:
        """Send on what has come, and close the port."""
        asyncio.get_running_loop().remove_reader(self._listener)
        while self._read():
            pass
        if self._looking:
            self._looking.cancel()
        for each in (self._listener, self._sender):
            each.close()

    def state(self) -> dict[str, object]:
        """Return JSON-ready data: the packets that came, and what became of their copies."""
        copies = {self._name(each): asdict(each.copies) for each in self._places}
        return {"packets": self.packets, "copies": copies}

    def _name(self, place: Place) -> str:
        """Return what tells a place from the others: its host, or where two are there, its port."""
        alone = [each.host for each in self._places].count(place.host) == 1
        return place.host if alone else f"{place.host}:{place.port}"

    def _read(self) -> bool:
        """Read some packets; tell whether there may be more."""
        for _ in range(_READS):
            try:
                packet = self._listener.recv(_LARGEST)
            except OSError:
                return False
            self.packets += 1
            for place in self._places:
                place.send(self._sender, packet)
        return True

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_UP_SECONDS)
            await self._look_up()

    async def _look_up(self) -> None:
        await asyncio.gather(*(place.look_up() for place in self._places))


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that packets come to. Raises OSError where the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    made.bind((host, port))
    return made
