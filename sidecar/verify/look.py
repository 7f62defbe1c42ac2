"""A look at one service's spans from its client to its agent's exporter: counts, or where it broke off."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sidecar.verify.counts import AgentCounts, ClientCounts


@dataclass(frozen=True)
class Broken:
    """Where a look broke off."""

    hop: str
    """The hop that could not be counted."""
    cause: str
    fix: str = ""


@dataclass(frozen=True)
class Look:
    """What was counted of one service's marked spans."""

    client: ClientCounts | None = None
    before: AgentCounts | None = None
    """The agent before they were sent; None where no agent stands between service and gateway."""
    after: AgentCounts | None = None
    broken: Broken | None = None


def as_line(look: Look) -> str:
    """Return a look as one line of JSON."""
    return json.dumps(asdict(look))


def from_text(text: str) -> Look | None:
    """Return the look in a program's output, other lines among it; None where there is none."""
    return next(filter(None, map(_look_in, reversed(text.splitlines()))), None)


def _look_in(line: str) -> Look | None:
    try:
        data: dict[str, Any] = json.loads(line)
        client = data["client"]
        return Look(
            client=ClientCounts(**{**client, "trace_ids": tuple(client["trace_ids"])})
            if client
            else None,
            before=data["before"] and AgentCounts(**data["before"]),
            after=data["after"] and AgentCounts(**data["after"]),
            broken=data["broken"] and Broken(**data["broken"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
