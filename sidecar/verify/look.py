"""A look at one service's marked spans, from its client to its agent's exporter."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules.parts import NOT_COUNTED
from sidecar.verify.counts import AgentCounts, ClientCounts, agent_counts_of, client_counts

if TYPE_CHECKING:
    from sidecar.findings import Problem


def part_error(subject: str, problem: Problem) -> SidecarError:
    """Return the error of a part of the deployment that a hop needs."""
    return SidecarError(subject, problem.cause, problem.fix, id=problem.rule.id)


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
class Look:
    """What was counted of one service's marked spans."""

    client: ClientCounts | None = None
    before: AgentCounts | None = None
    """The agent before they were sent; None where there is no agent."""
    after: AgentCounts | None = None
    broken: Broken | None = None


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
        return Look(
            client=data["client"] and client_counts(data["client"]),
            before=data["before"] and agent_counts_of(data["before"]),
            after=data["after"] and agent_counts_of(data["after"]),
            broken=data["broken"] and Broken(**data["broken"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def last_line(text: str) -> str:
    """Return the last line of a program's output, which names the cause of a failure."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
