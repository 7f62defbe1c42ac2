"""A look at one service: its replicas, and its marked spans up to its agent's exporter."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.parts import NOT_COUNTED
from sidecar.verify.counts import AgentCounts, ClientCounts, agent_counts_of, client_counts
from sidecar.verify.network import visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.findings import Problem
    from sidecar.verify.network.visit import Visit

AS_STARTED = "as the container was started"
"""Whose variables they are, where those of the running processes cannot be read."""


def part_error(subject: str, problem: Problem) -> SidecarError:
    """Return the error of a part of the deployment that a hop needs."""
    return SidecarError(subject, problem.cause, problem.fix, id=problem.rule.id)


@dataclass(frozen=True)
class Task:
    """What a look is to do for one service."""

    service: str
    marker: str
    spans: int
    seconds: float
    """How long to wait for the agent to hand the spans on."""
    urls: tuple[str, ...] = ()
    """Requests to send from where the service runs."""
    traced: bool = False
    """Whether to send each once more, with a trace id that the gateway will show."""
    patient: bool = False
    """Whether requests to other services may let this one report."""
    path_only: bool = False
    """Whether the service's own spans are of no interest."""


@dataclass(frozen=True)
class Broken:
    """The hop that could not be counted, and why."""

    hop: str
    cause: str
    fix: str = ""
    id: str = NOT_COUNTED.id
    """The rule's id."""


def broken_by(hop: str, error: SidecarError) -> Broken:
    """Return a hop that an error kept from being counted."""
    cause = f"{error.subject}: {error.cause}"
    return Broken(hop, cause, error.fix, error.id or NOT_COUNTED.id)


@dataclass(frozen=True)
class ReplicaLook:
    """What was found of one replica of a service."""

    name: str
    """The container or pod."""
    hostname: str = ""
    """The tag `hostname` of its spans."""
    agents: tuple[str, ...] = ()
    """Addresses at which it reaches its agent."""
    port: int = COMPACT_PORT
    """Its agent's."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The tracing variables that it was started with."""
    visit: Visit | None = None
    broken: Broken | None = None
    """Why it could not be visited."""
    ended: bool = False
    """Whether it is a job that has ended: nobody can visit it, and that is no failure."""
    service: str = ""
    """The service that it belongs to, where others of that may go by another name."""

    @property
    def known_variables(self) -> Mapping[str, str]:
        """The variables of the running process; else those that it was started with."""
        read = self.visit.after.variables if self.visit else {}
        return read or self.variables

    @property
    def variables_from(self) -> str:
        """Whose variables are known; empty where none are looked for, or none were visited."""
        if self.visit and self.visit.after.processes:
            return "of the running processes"
        return AS_STARTED if self.visit and self.variables else ""


@dataclass(frozen=True)
class Look:
    """What was counted of one service's marked spans."""

    client: ClientCounts | None = None
    before: AgentCounts | None = None
    """The agent before they were sent; None where there is no agent."""
    after: AgentCounts | None = None
    broken: Broken | None = None
    replicas: tuple[ReplicaLook, ...] = ()
    relay_before: AgentCounts | None = None
    """The relays between agent and gateway, counted as one; None where there are none."""
    relay_after: AgentCounts | None = None

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Those of the replicas that could be visited."""
        return tuple(replica.visit for replica in self.replicas if replica.visit)


def as_line(look: Look) -> str:
    """Return a look as one line of JSON."""
    return json.dumps(asdict(look))


def from_text(text: str) -> Look | None:
    """Return the look that is one line of a program's output; None where there is none."""
    for line in reversed(text.splitlines()):
        if look := _from_line(line):
            return look
    return None


def _from_line(line: str) -> Look | None:
    try:
        data: dict[str, Any] = json.loads(line)
        relays = {
            name: data.get(name) and agent_counts_of(data[name])
            for name in ("relay_before", "relay_after")
        }
        return Look(
            **relays,
            client=data["client"] and client_counts(data["client"]),
            before=data["before"] and agent_counts_of(data["before"]),
            after=data["after"] and agent_counts_of(data["after"]),
            broken=data["broken"] and Broken(**data["broken"]),
            replicas=tuple(map(_replica, data.get("replicas", ()))),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _replica(data: Mapping[str, Any]) -> ReplicaLook:
    return ReplicaLook(
        **{
            **data,
            "agents": tuple(data["agents"]),
            "visit": data["visit"] and visit.from_dict(data["visit"]),
            "broken": data["broken"] and Broken(**data["broken"]),
        }
    )
