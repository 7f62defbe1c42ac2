"""A look at one service's way from its client to its agent's way out: counts, or where the look broke off.

`python -m sidecar.verify.look --service NAME --marker M` looks from inside a pod and prints what it saw as one line
of JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.verify.counts import AgentCounts, ClientCounts
from sidecar.verify.hops import CLIENT
from sidecar.verify.options import parser_of

if TYPE_CHECKING:
    from sidecar.verify.place import Steps


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


def step_by_step(place: Steps, service: str, marker: str, spans: int, seconds: float) -> Look:
    """Read the agent, send the spans, wait up to `seconds` for their fate and read the agent again."""
    hop = place.received
    client: ClientCounts | None = None
    before: AgentCounts | None = None
    try:
        before = place.agent(service)
        hop = CLIENT
        client = place.send(service, marker, spans)
        if before is None:
            return Look(client)
        hop = place.received
        return Look(client, before, place.agent(service, before.settled + client.sent, seconds))
    except SidecarError as error:
        return Look(
            client, before, broken=Broken(hop, f"{error.subject}: {error.cause}", error.fix)
        )


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


def main(arguments: list[str] | None = None) -> int:
    """Print the look; a hop that broke is part of it, not a failure."""
    from sidecar.verify.inside import InsidePlace

    parser = parser_of("sidecar.verify.look", 15.0)
    parser.add_argument("--marker", required=True, help="value of each span's marker tag")
    args = parser.parse_args(arguments)
    place = InsidePlace(args.service, None, args.agent, args.admin)
    print(as_line(place.look(args.service, args.marker, args.spans, args.seconds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
