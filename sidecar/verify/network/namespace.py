"""Reads the network namespace of a service: runtimes, sockets, counters, and its variables."""

from __future__ import annotations

import os
import socket
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.rules.recognition import MASK, is_secret, mask, names_token
from sidecar.rules.service_reports import COLLECTOR_PORTS
from sidecar.verify.network.runtimes import Runtime, read_runtimes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_PROC = Path("/proc")
_NET = _PROC / "net"
_ESTABLISHED, _UNCONNECTED = "01", "07"
_RESOLVER = "127.0.0.11"
"""The name server that Docker runs in a container's namespace."""
_FIRST_EPHEMERAL = 32_768
_RESOLVE_SECONDS = 3.0
_NAMES = ("JAEGER_", "OTEL_")


@dataclass(frozen=True)
class Reading:
    """A network namespace at one moment."""

    runtimes: tuple[Runtime, ...] = ()
    mute: int = 0
    """Runtimes that listen and do not answer."""
    datagrams: int = 0
    """That left, since the namespace was made; those of verify and of name look-ups, too."""
    opened: int = 0
    """TCP connections that came in; those of health checks, too."""
    collectors: tuple[str, ...] = ()
    """HOST:PORT of receivers of OTLP or HTTP that something here is connected to."""
    senders: int = 0
    """UDP sockets of clients that name no destination, as jaeger-client's."""
    leads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Agent's name → addresses; none where it does not resolve here."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """JAEGER_ and OTEL_ variables of the running processes, where they can be read."""
    processes: int = 0
    """Whose variables could be read."""


def read(
    hosts: Iterable[str] = (), pids: Collection[int] | None = None, *, variables: bool = False
) -> Reading:
    """Read this namespace; `pids` limits whose runtimes count, where it is shared with others.

    Resolves `hosts` and the agents' names that the runtimes have. `variables` asks for those of the
    other processes that are seen here.
    """
    runtimes, mute = read_runtimes(pids)
    names = [*hosts, *(runtime.host for runtime in runtimes)]
    found = _variables(runtimes) if variables else []
    return Reading(
        runtimes=tuple(runtimes),
        mute=mute,
        datagrams=_counter("snmp", "Udp:", "OutDatagrams") + _datagrams_6(),
        opened=_counter("snmp", "Tcp:", "PassiveOpens"),
        collectors=tuple(_collectors()),
        senders=_senders(),
        leads={name: resolved(name) for name in dict.fromkeys(filter(None, names))},
        variables={name: value for each in found for name, value in each.items()},
        processes=len(found),
    )


def from_dict(data: Mapping[str, Any]) -> Reading:
    """Return the reading that `dataclasses.asdict` made this data of."""
    return Reading(
        runtimes=tuple(Runtime(**one) for one in data["runtimes"]),
        mute=data["mute"],
        datagrams=data["datagrams"],
        opened=data["opened"],
        collectors=tuple(data["collectors"]),
        senders=data["senders"],
        leads={name: tuple(found) for name, found in data["leads"].items()},
        variables=data["variables"],
        processes=data.get("processes", 0),
    )


def resolved(name: str) -> tuple[str, ...]:
    """Return the addresses of a name; none where it does not resolve in time."""
    found: list[str] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return
        found.extend(str(address[0]) for *_, address in answers)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_RESOLVE_SECONDS)
    return tuple(dict.fromkeys(found))


def _text(name: str) -> str:
    try:
        return (_NET / name).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _counter(file: str, group: str, name: str) -> int:
    """Return a counter of /proc/net/snmp, whose lines come in pairs: names, then values."""
    rows = [line.split() for line in _text(file).splitlines() if line.startswith(group)]
    for names, values in zip(rows[::2], rows[1::2], strict=False):
        if name in names:
            return int(values[names.index(name)])
    return 0


def _datagrams_6() -> int:
    pairs = dict(line.split()[:2] for line in _text("snmp6").splitlines() if line.strip())
    return int(pairs.get("Udp6OutDatagrams", 0))


def _collectors() -> Iterator[str]:
    """Yield where something here is connected to a port of COLLECTOR_PORTS, as a client."""
    found = dict.fromkeys(remote for _, remote, state in _rows("tcp") if state == _ESTABLISHED)
    for host, port in found:
        if port in COLLECTOR_PORTS:
            yield f"{host}:{port} ({COLLECTOR_PORTS[port]})"


def _senders() -> int:
    """Count the UDP sockets that have sent something and are connected to nobody."""
    return sum(
        state == _UNCONNECTED and port >= _FIRST_EPHEMERAL and host != _RESOLVER
        for (host, port), _, state in _rows("udp")
    )


def _rows(protocol: str) -> Iterator[tuple[tuple[str, int], tuple[str, int], str]]:
    """Yield local address, remote address and state of each socket."""
    for file in (protocol, f"{protocol}6"):
        for line in _text(file).splitlines()[1:]:
            local, remote, state = line.split()[1:4]
            yield _address(local), _address(remote), state


def _address(text: str) -> tuple[str, int]:
    """Return the address that the kernel wrote as 32-bit words of this machine's byte order."""
    host, _, port = text.partition(":")
    raw = bytes.fromhex(host)
    step = -1 if sys.byteorder == "little" else 1
    words = b"".join(raw[at : at + 4][::step] for at in range(0, len(raw), 4))
    mapped = words.removeprefix(b"\0" * 10 + b"\xff\xff") if len(words) == 16 else words
    family = socket.AF_INET if len(mapped) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, mapped), int(port, 16)


def _variables(runtimes: Iterable[Runtime]) -> list[dict[str, str]]:
    """Return the variables of each process here that lets them be read.

    Those of a process with a tracer count most, and come last.
    """
    traced = {runtime.pid for runtime in runtimes}
    pids = [int(path.name) for path in _PROC.iterdir() if path.name.isdecimal()]
    ordered = sorted(pids, key=lambda pid: (pid in traced, pid))
    found = [_of_process(pid) for pid in ordered if not _is_own(pid)]
    return [variables for variables in found if variables is not None]


def _is_own(pid: int) -> bool:
    """Tell whether a process is this one, its parent, or one that it started."""
    own = (os.getpid(), os.getppid())
    return pid in own or _parent_of(pid) == os.getpid()


def _parent_of(pid: int) -> int:
    try:
        status = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[1])  # a program's name may hold blanks


def _of_process(pid: int) -> dict[str, str] | None:
    try:
        text = (_PROC / str(pid) / "environ").read_bytes().decode(errors="replace")
    except OSError:  # of another user, or ended
        return None
    return chosen(text.split("\0"))


def chosen(pairs: Iterable[str]) -> dict[str, str]:
    """Return the tracing variables among NAME=value texts, secrets masked."""
    found = {}
    for name, equals, value in (pair.partition("=") for pair in pairs):
        if equals and name.startswith(_NAMES):
            found[name] = MASK if _is_secret(name, value) else mask(value)
    return found


def _is_secret(name: str, value: str) -> bool:
    return "HEADERS" in name or names_token(name, value) or is_secret(name, value)
