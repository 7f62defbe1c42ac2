"""Reads in the agent's network what the agent, and the stand-in behind it, counted of a marker.

`python -m sidecar.verify.network.collect MARKER --packets P --spans N [--page URL]` waits until
they are settled, and prints one line of JSON. One short-lived container serves for both.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from sidecar.verify.network.reader import (
    ACCEPTED_SECONDS,
    await_agent,
    await_gateway,
    read_agent_alone,
    read_gateway,
)

if TYPE_CHECKING:
    from sidecar.verify.counts import GatewayCounts

_PAGE_SECONDS = 2.0
"""A stand-in that answers later is read again, from its own network."""


def main(arguments: list[str] | None = None) -> int:
    """Print the counts; 1 with the cause on standard error where the agent does not answer."""
    args = _parser().parse_args(arguments)
    try:
        agent = await_agent(read_agent_alone, args.packets, args.seconds)
    except (OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    arrived = agent.released >= args.packets and agent.lost <= args.lost
    gateway = _gateway(args, ACCEPTED_SECONDS if arrived else 1.0) if args.page else None
    print(json.dumps({"agent": asdict(agent), "gateway": gateway and asdict(gateway)}))
    return 0


def _gateway(args: argparse.Namespace, seconds: float) -> GatewayCounts | None:
    """Return what the stand-in counted; None where it does not answer here."""
    try:
        read = partial(read_gateway, args.page, args.marker, _PAGE_SECONDS)
        return await_gateway(read, args.spans, seconds)
    except (OSError, ValueError, KeyError):
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sidecar.verify.network.collect")
    parser.add_argument("marker")
    parser.add_argument("--packets", type=int, required=True, help="the agent's, to be settled")
    parser.add_argument("--spans", type=int, required=True, help="marked ones at the stand-in")
    parser.add_argument("--lost", type=int, default=0, help="what the agent had lost before")
    parser.add_argument("--page", default="", metavar="URL", help="the stand-in's")
    parser.add_argument("--seconds", type=float, default=15.0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
