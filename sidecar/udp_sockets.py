"""What the kernel knows of the UDP sockets on a port, from the texts of /proc/net/udp and udp6.

Standard library only: short-lived containers read them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))


def tables() -> list[str]:
    """Return the tables of this network namespace."""
    return [path.read_text(encoding="ascii") for path in _TABLES if path.is_file()]


def drops(texts: Iterable[str], port: int) -> int:
    """Return how many packets the kernel dropped, because a socket's buffer was full."""
    return sum(int(row[-1]) for row in _rows(texts, port))


def unread(texts: Iterable[str], port: int) -> int:
    """Return the bytes that wait in the sockets' buffers."""
    return sum(int(row[4].partition(":")[2], 16) for row in _rows(texts, port))


def _rows(texts: Iterable[str], port: int) -> Iterator[list[str]]:
    for text in texts:
        rows = (line.split() for line in text.splitlines()[1:])
        yield from (row for row in rows if row[1].endswith(f":{port:04X}"))
