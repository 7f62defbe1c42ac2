"""Reads what tracing runtimes tell of themselves, from their sockets in this network namespace.

`sidecar_tracing` serves its statistics on an abstract Unix socket, which the kernel lists in
/proc/net/unix.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

PREFIX = "sidecar-tracing/"
_TABLE = Path("/proc/net/unix")
_LISTENS = "00010000"
_SECONDS = 1.0
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Runtime:
    """One tracer of a process, by its own statistics; totals since the process or tracer began."""

    pid: int
    """In the process's own pid namespace."""
    service: str
    host: str
    port: int
    hostname: str = ""
    address: str = ""
    """The IP address that it last sent to; empty before its first packet."""
    sampler: str = ""
    param: float | None = None
    started: int = 0
    sent: int = 0
    queued: int = 0
    sampled_out: int = 0
    packets: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    created_at: float = 0.0
    sent_at: float | None = None

    @property
    def key(self) -> tuple[int, str, float]:
        """What tells it from others of this namespace."""
        return self.pid, self.service, self.created_at


def read_runtimes(pids: Collection[int] | None = None) -> tuple[list[Runtime], int]:
    """Return the tracers that answer, and how many sockets do not; None: of all processes."""
    found: list[Runtime] = []
    mute = 0
    try:
        table = _TABLE.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return found, mute
    for name in listed(table):
        if pids is not None and pid_of(name) not in pids:
            continue
        try:
            found += _ask(name)
        except (OSError, ValueError, TypeError, KeyError):
            mute += 1
    return found, mute


def listed(table: str) -> list[str]:
    """Return the names of the sockets that listen, from the text of /proc/net/unix."""
    rows = (line.split() for line in table.splitlines()[1:])
    names = (row[7].removeprefix("@") for row in rows if len(row) == 8 and row[3] == _LISTENS)
    return sorted(name for name in names if name.startswith(PREFIX))


def pid_of(name: str) -> int:
    """Return the pid in a socket's name; 0 where there is none."""
    digits = name.removeprefix(PREFIX).partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _ask(name: str) -> Iterator[Runtime]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(_SECONDS)
        asked.connect(f"\0{name}")
        report = json.loads(_all(asked))
    return iter([_runtime(report["pid"], tracer) for tracer in report["tracers"]])


def _all(asked: socket.socket) -> bytes:
    received = b""
    while piece := asked.recv(65_536):
        received += piece
        if len(received) > _MOST_BYTES:
            raise ValueError("too long")
    return received


def _runtime(pid: int, told: Mapping[str, Any]) -> Runtime:
    def count(name: str) -> int:
        return int(told[name])

    def text(name: str) -> str:
        return mask(str(told[name]))

    return Runtime(
        pid=int(pid),
        service=text("service"),
        host=text("host"),
        port=count("port"),
        hostname=text("hostname"),
        address=text("address"),
        sampler=text("sampler"),
        param=told["param"],
        started=count("started"),
        sent=count("sent"),
        queued=count("queued"),
        sampled_out=count("sampled_out"),
        packets=count("packets"),
        dropped={str(reason): int(lost) for reason, lost in told["dropped"].items()},
        created_at=float(told["created_at"]),
        sent_at=told["sent_at"],
    )
