"""Reads the counters of an agent or gateway from inside its network, and prints them as JSON.

It needs only the standard library, so that a short-lived container can run it where the agent has
no shell: `python -m sidecar.verify.network.reader agent`, or `… gateway MARKER`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar import udp_sockets
from sidecar.agent_metrics import failures, totals
from sidecar.rules import kinds
from sidecar.rules.agents import ADMIN_PORT, COMPACT_PORT
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.verify.counts import AgentCounts, GatewayCounts
from sidecar.verify.network.loopback import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Reading = TypeVar("Reading")

ADMIN = f"http://127.0.0.1:{ADMIN_PORT}"
GATEWAY = f"http://127.0.0.1:{STAND_IN_PAGE_PORT}"
_CONNECTIONS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ESTABLISHED, _LISTENS = "01", "0A"
_OPEN, _WILL_REPEAT = (_ESTABLISHED, "02"), "01:"
"""Connections that are established, or asked for; their timer."""
_ALL_SENT = "00000000:"
_POLL_SECONDS = 0.1
STALLED_SECONDS = 4.0
"""A gateway that answers no call for so long is not waited for."""
_UNCONNECTED_SECONDS = 8.0
"""A connection takes longer: an agent looks its gateway's name up first."""
ACCEPTED_SECONDS = 5.0
"""What an agent submitted has arrived already: how long the gateway's own count may take."""
_ARRIVAL_SECONDS = 2.0
"""A sent packet is at the agent's port, or lost, after so long."""


def agent_counts(metrics: str, sockets: Iterable[str], port: int = COMPACT_PORT) -> AgentCounts:
    """Return the counts of an agent's /metrics text and the texts of /proc/net/udp and udp6."""
    texts = [*sockets]
    drops, unread = udp_sockets.drops(texts, port), udp_sockets.unread(texts, port)
    values: dict[str, Any] = totals(metrics)
    kind, why = kinds.of_text(metrics), failures(metrics)
    own: dict[str, Any] = {"kernel_drops": drops, "unread": unread}
    return AgentCounts(**values, **own, unit=kind.unit, failed_by=why)


def read_agent(admin: str = ADMIN, port: int = COMPACT_PORT) -> AgentCounts:
    """Return an agent's counts. Raises OSError where its admin port does not answer."""
    tables = udp_sockets.tables()
    return replace(agent_counts(metrics_of(admin), tables, port), at=time.time())


def metrics_of(admin: str, seconds: float = 5.0) -> str:
    """Return the text of an agent's metrics: at a jaeger-agent's usual port, those of any kind.

    Raises OSError where none answers.
    """
    host, _, first = admin.rpartition(":")
    *others, last = kinds.ports(int(first))
    for port in others:
        with suppress(OSError):
            return fetch(f"{host}:{port}/metrics", seconds)
    return fetch(f"{host}:{last}/metrics", seconds)


def repeats(tables: Iterable[str]) -> bool | None:
    """Tell whether a connection waits to repeat what its peer has not acknowledged.

    `tables` are the texts of /proc/net/tcp and tcp6. A moment of it is usual: ask where nothing
    has been answered for seconds. None: something is unsent, as for a peer whose buffer is full.
    """
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    timers = {row[5][:3] for row in rows if row[3] in _OPEN and not row[4].startswith(_ALL_SENT)}
    if _WILL_REPEAT in timers:
        return True
    return None if timers else False


def reaches_out(tables: Iterable[str]) -> bool:
    """Tell whether a program has a connection that it opened: from a port where nobody listens."""
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = {row[1].rpartition(":")[2] for row in rows if row[3] == _LISTENS}
    opened = (row for row in rows if row[3] == _ESTABLISHED)
    ports = (tuple(address.rpartition(":")[2] for address in row[1:3]) for row in opened)
    return any(local not in listening and remote not in listening for local, remote in ports)


def read_agent_alone(admin: str = ADMIN) -> AgentCounts:
    """Return the counts of an agent that has its network for itself."""
    tables = [path.read_text(encoding="ascii") for path in _CONNECTIONS if path.is_file()]
    counts = replace(read_agent(admin), repeats=repeats(tables))
    if counts.kind is kinds.AGENT:
        return counts
    return replace(counts, connected=int(reaches_out(tables)))


def read_gateway(url: str, marker: str, seconds: float = 5.0) -> GatewayCounts:
    """Return what a stand-in counted of a marker. Raises OSError where it does not answer."""
    counted = json.loads(fetch(f"{url}/api/markers/{marker}", seconds))
    return GatewayCounts(
        accepted=counted["accepted"],
        refused=counted["refused"],
        distinct=counted["distinct"],
        dropped=counted["dropped"],
        exposed=counted.get("exposed", 0),
    )


def wait_for(
    read: Callable[[], Reading], done: Callable[[Reading], bool], seconds: float
) -> Reading:
    """Return the first reading that is done, or the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while not done(reading := read()) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return reading


def await_agent(read: Callable[[], AgentCounts], settled: int, seconds: float) -> AgentCounts:
    """Return an agent's counts once `settled` packets are settled, or none will be any more.

    The latter is where neither it nor its port holds any, so that packets never came, or where a
    connected gateway answers no call for some seconds; at the latest after `seconds`.
    """
    wait = _Wait(settled)
    return wait_for(lambda: wait.seen(read()), wait.is_over, seconds)


def await_gateway(read: Callable[[], GatewayCounts], settled: int, seconds: float) -> GatewayCounts:
    """Return a gateway's counts once `settled` spans are settled, or after `seconds`."""
    return wait_for(read, lambda counts: counts.settled >= settled, seconds)


class _Wait:
    """What was seen of an agent while its packets were waited for."""

    def __init__(self, settled: int) -> None:
        self._goal = settled
        self._began = self._moved = time.monotonic()
        self._answered: int | None = None

    def seen(self, counts: AgentCounts) -> AgentCounts:
        """Return a reading, with the time of the wait, and for which no call was answered."""
        now = time.monotonic()
        if counts.answered != self._answered or not counts.queue:
            self._answered, self._moved = counts.answered, now
        return replace(counts, stalled=now - self._moved, waited=now - self._began)

    def is_over(self, counts: AgentCounts) -> bool:
        """Tell whether waiting on changes nothing."""
        if counts.released >= self._goal:
            return True
        if counts.stalled >= (STALLED_SECONDS if counts.connected else _UNCONNECTED_SECONDS):
            return True
        holds = counts.queue or counts.unread
        return not holds and time.monotonic() - self._began >= _ARRIVAL_SECONDS


def main(arguments: list[str] | None = None) -> int:
    """Print the counts; 1 with the cause on standard error where nothing answers."""
    args = _parser().parse_args(arguments)
    try:
        print(json.dumps(asdict(_read(args))))
    except (OSError, ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sidecar.verify.network.reader")
    parser.add_argument("what", choices=("agent", "gateway"))
    parser.add_argument("marker", nargs="?", default="")
    parser.add_argument("--url", help="the admin port, or the gateway's page")
    parser.add_argument(
        "--settled", type=int, default=0, help="wait until so many packets, or spans, are settled"
    )
    parser.add_argument("--seconds", type=float, default=0, help="how long to wait for that")
    return parser


def _read(args: argparse.Namespace) -> AgentCounts | GatewayCounts:
    if args.what == "agent":
        admin = args.url or ADMIN
        return await_agent(lambda: read_agent_alone(admin), args.settled, args.seconds)
    return await_gateway(
        lambda: read_gateway(args.url or GATEWAY, args.marker), args.settled, args.seconds
    )


if __name__ == "__main__":
    sys.exit(main())
