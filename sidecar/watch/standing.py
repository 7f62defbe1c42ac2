"""The watch as a container of its own: it reads the agents' admin ports over the network.

`python -m sidecar.watch.standing --agent NAME=HOST:PORT …` runs until it is stopped. It prints one
line of JSON per change, and writes what is wrong into `--state`, which health.py judges. With
`--for SECONDS` it ends, as a CronJob needs it: with 1 at the first breach, else with 0. It has no
engine and no cluster, and sees no drops of the kernel.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files, signals
from sidecar.console import findings_data, findings_text
from sidecar.rules.watch import BUDGET
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import agent_counts
from sidecar.watch.agents import RUNNING, AgentState, unseen
from sidecar.watch.health import STATE
from sidecar.watch.ledger import Ledger
from sidecar.watch.report import as_line
from sidecar.watch.run import Note, Terms, Verdict, watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.watch.evidence import Evidence

_ANSWER_SECONDS = 3.0
_AT_ONCE = 8


class NetworkAgents:
    """Agents that a name leads to: a name with several addresses is several agents."""

    name = "the agents"

    def __init__(self, targets: Sequence[tuple[str, str, int]]) -> None:
        """Take (service, host, port) of each."""
        self._targets = targets

    def read(self) -> Sequence[AgentState]:
        """Return the agents with their counts."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(lambda target: self._agents(*target), self._targets)
            return [agent for group in found for agent in group]

    read_all = read

    def collect(self, evidence: Evidence) -> None:
        """Add nothing: a bundle is made from outside."""

    def _agents(self, service: str, host: str, port: int) -> list[AgentState]:
        try:
            known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            away = f"not found: {error.strerror or error}"
            return [AgentState(service, host, away, kernel_known=False, per_replica=True)]
        addresses = sorted({str(entry[4][0]) for entry in known})
        return [_agent(service, address, port) for address in addresses]


def _agent(service: str, address: str, port: int) -> AgentState:
    host = f"[{address}]" if ":" in address else address
    name = f"{service} {address}"
    try:
        counts = agent_counts(fetch(f"http://{host}:{port}/metrics", _ANSWER_SECONDS), ())
    except OSError as error:
        return AgentState(service, name, RUNNING, cause=str(error), kernel_known=False)
    return AgentState(
        service,
        name,
        RUNNING,
        started=counts.started,
        counts=counts,
        kernel_known=False,
        per_replica=True,
    )


def stand(agents: NetworkAgents, terms: Terms, state: Path) -> None:
    """Watch until the process is stopped, and keep what is wrong in a file."""
    ledger = Ledger(terms.budget, time.time())
    last: list[tuple[str, str]] | None = None
    while True:
        now = time.time()
        read = agents.read()
        if last is None and (text := unseen(read)):
            print(as_line(Note(text)), flush=True)
        for change in ledger.add(read, now):
            print(as_line(change), flush=True)
        found = list(ledger.breaches(now))
        judged = [(finding.id, finding.subject) for finding in found]
        if judged != (last or []):
            print(json.dumps({"event": "judged", "findings": findings_data(found)}), flush=True)
        last = judged
        content = {"time": now, "every": terms.every, "text": findings_text(found)}
        files.write(state, json.dumps(content).encode())
        time.sleep(terms.every)


def main(arguments: list[str] | None = None) -> int:
    """Watch until a signal, or for a while: then 1 at the first breach, else 0."""
    args = parser().parse_args(arguments)
    agents = NetworkAgents(args.agent)
    terms = Terms(args.every, args.budget, args.period)
    try:
        with signals.as_exceptions():
            if args.period is None:
                stand(agents, terms, args.state)
            return _period(agents, terms)
    except signals.Interrupted as error:
        return error.exit_code


def _period(agents: NetworkAgents, terms: Terms) -> int:
    ok = False
    for entry in watch(agents, terms):
        print(as_line(entry), flush=True)
        ok = isinstance(entry, Verdict) and entry.ok
    return 0 if ok else 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    made = argparse.ArgumentParser(prog="python -m sidecar.watch.standing")
    made.add_argument(
        "--agent", action="append", type=_target, default=[], metavar="NAME=HOST:PORT"
    )
    made.add_argument("--every", type=float, default=10.0, metavar="SECONDS")
    made.add_argument("--budget", type=float, default=BUDGET, metavar="SHARE")
    made.add_argument("--for", dest="period", type=float, metavar="SECONDS")
    made.add_argument("--state", type=Path, default=Path(STATE), metavar="FILE")
    return made


def _target(text: str) -> tuple[str, str, int]:
    service, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    with suppress(ValueError):
        if service and host:
            return service, host.strip("[]"), int(port)
    raise argparse.ArgumentTypeError(f"{text!r} is not NAME=HOST:PORT")


if __name__ == "__main__":
    sys.exit(main())
