"""One pod, seen from inside: what the programs that run there share."""

from __future__ import annotations

import argparse
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from sidecar.rules.agents import COMPACT_PORT, STOCK_WORKERS, workers_of
from sidecar.verify.hops import RECEIVED
from sidecar.verify.local import LocalDeployment
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.namespace import resolved
from sidecar.verify.network.reader import ADMIN, await_agent, read_agent
from sidecar.verify.network.relays import read_relays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.verify.counts import AgentCounts

AGENT = f"127.0.0.1:{COMPACT_PORT}"


class PodDeployment(LocalDeployment):
    """A pod whose agent answers on loopback."""

    received = RECEIVED
    no_answer_fix = "See the pods that are to answer there; a NetworkPolicy may be in between"

    def __init__(
        self, service: str, gateway: str | None, agent: str = AGENT, admin: str = ADMIN
    ) -> None:
        super().__init__(agent, gateway)
        self.relays = ""
        """The name of the relays; empty where there are none."""
        self._service, self._admin = service, admin

    def services(self) -> Sequence[str]:
        """Return the only name, under which spans are sent."""
        return (self._service,)

    def addresses(self, agent: str) -> tuple[str, ...]:  # noqa: ARG002 - it may be wrong
        """Return every address of the pod: its agent may listen on any of them."""
        pod = resolved(socket.gethostname())
        return tuple(dict.fromkeys(("127.0.0.1", "::1", *resolved("localhost"), *pod)))

    def workers(self, service: str) -> int:  # noqa: ARG002 - a pod has one agent
        """Return how many calls a jaeger-agent makes at a time, as its admin port shows it."""
        with suppress(OSError):
            return workers_of(fetch(f"{self._admin}/debug/pprof/cmdline").split("\0"))
        return STOCK_WORKERS

    def agent(
        self,
        service: str,  # noqa: ARG002 - a pod has one service
        settled: int = 0,
        seconds: float = 0,
    ) -> AgentCounts | None:
        """Return the counts of the pod's agent."""
        port = int(self._agent.rpartition(":")[2])
        return self.answered(
            self._admin,
            lambda: await_agent(lambda: read_agent(self._admin, port), settled, seconds),
        )

    def relay(self, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the counts of the relays; None where there are none."""
        name = self.relays
        if not name:
            return None
        read = partial(read_relays, name)
        return self.answered(name, lambda: await_agent(read, settled, seconds))


def parser_of(program: str, seconds: float) -> argparse.ArgumentParser:
    """Return the parser of the shared arguments; `seconds` is the default of --seconds."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    default = "default: %(default)s"
    parser.add_argument("--service", required=True, help="name to report as")
    parser.add_argument("--agent", default=AGENT, metavar="HOST:PORT", help=default)
    parser.add_argument("--admin", default=ADMIN, type=bracketed, metavar="URL", help=default)
    parser.add_argument("--relays", default="", metavar="NAME", help="host name of all relays")
    parser.add_argument("--spans", type=int, default=200, metavar="N", help=default)
    parser.add_argument("--seconds", type=float, default=seconds, metavar="S", help=default)
    return parser


def bracketed(url: str) -> str:
    """Return an http URL whose IPv6 host has brackets: a pod's address comes without them."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else url
