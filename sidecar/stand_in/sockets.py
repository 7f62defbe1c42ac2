"""Listening addresses: parsing, binding, and which process holds a port (from Linux's /proc)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from sidecar.stand_in.event_log import EventLog

_PROC = Path("/proc")
_MAX_PORT = 65_535
_LISTEN = "0A"
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@dataclass(frozen=True)
class Address:
    """A host and a port; port 0 means any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address in HOST:PORT or [HOST]:PORT. Raises ValueError."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        is_number = port.isascii() and port.isdigit()
        if not (colon and host and is_number and int(port) <= _MAX_PORT):
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def bind(address: Address, kind: socket.SocketKind) -> socket.socket:
    """Return a bound socket (SOCK_STREAM or SOCK_DGRAM).

    Raises SidecarError, which names the program that uses the port, if known.
    """
    listener = None
    try:
        found = socket.getaddrinfo(address.host, address.port, type=kind, flags=socket.AI_PASSIVE)
        family, _, protocol, _, resolved = found[0]
        listener = socket.socket(family, kind, protocol)
        if kind == socket.SOCK_STREAM:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(resolved)
    except OSError as error:
        if listener:
            listener.close()
        raise taken(address, kind, error) from error
    return listener


def taken(address: Address, kind: socket.SocketKind, error: OSError) -> SidecarError:
    """Return the error for an address on which nothing can listen."""
    holder = port_holder(address.port, kind)
    cause = error.strerror or str(error)
    if holder:
        cause = f"the port is in use by {holder}"
    return SidecarError(
        str(address), f"cannot listen: {cause}", "Stop that program, or choose another port"
    )


def actual(listener: socket.socket, address: Address) -> Address:
    """Return the address with the port that the kernel chose."""
    return Address(address.host, listener.getsockname()[1])


def port_holder(port: int, kind: socket.SocketKind) -> str | None:
    """Return "NAME (process PID)" of the process that listens on a port; None if unknown."""
    table = "tcp" if kind == socket.SOCK_STREAM else "udp"
    inodes = {
        row[9]
        for row in _rows(table)
        if int(row[1].rpartition(":")[2], 16) == port and (table == "udp" or row[3] == _LISTEN)
    }
    return _owner({f"socket:[{inode}]" for inode in inodes}) if inodes else None


def reset_connections(port: int) -> None:
    """Reset this process's TCP connections at one of its ports."""
    for entry in (_PROC / "self" / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile, or no connected socket
            if str(entry.readlink()).startswith("socket:"):
                _reset(int(entry.name), port)


def _reset(descriptor: int, port: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.getpeername()
        if connection.family == socket.AF_UNIX or connection.getsockname()[1] != port:
            return
        # when its owner closes it, what is not read or sent is thrown away
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


def kernel_drops(inode: int) -> int | None:
    """Return the datagrams dropped at the UDP socket with this inode; None if unknown."""
    return next((int(row[12]) for row in _rows("udp") if row[9] == str(inode)), None)


def _rows(table: str) -> Iterator[list[str]]:
    for name in (table, f"{table}6"):
        with suppress(OSError):
            yield from (
                line.split() for line in (_PROC / "net" / name).read_text().splitlines()[1:]
            )


def _owner(links: set[str]) -> str | None:
    for process in _PROC.iterdir():
        # a process may end meanwhile, or belong to another user
        with suppress(OSError):
            if process.name.isdigit() and not links.isdisjoint(_open_files(process)):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None


def _open_files(process: Path) -> Iterator[str]:
    for entry in (process / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            yield str(entry.readlink())


def log_quietly(loop: asyncio.AbstractEventLoop, events: EventLog) -> None:
    """Count connections that the loop cannot accept; asyncio would log each attempt."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            events.note("HTTP connections not accepted, out of open files or memory")
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
