"""Show everything decided for a region: gateway, agents with arguments and sizes, services, images.

Each setting is listed with the place it came from.
"""

from __future__ import annotations

import argparse

from sidecar.arguments import _output, _spec

EXAMPLES = """examples:
  sidecar plan --region eu-central-1
  sidecar plan --region eu-central-1 --compare agent,collector    what a change of kind changes
  sidecar plan --region cn-shanghai --network vpc --output json | jq '.services[].agent.argv'
"""


_KINDS = {"agent": "jaeger-agent", "jaeger-agent": "jaeger-agent", "collector": "collector"}


def _kinds(text: str) -> list[str]:
    kinds = [_KINDS.get(name.strip(), "") for name in text.split(",")]
    if "" in kinds or len(set(kinds)) != len(kinds) or len(kinds) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} does not name two kinds: agent,collector")
    return kinds


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _spec.add_arguments(parser)
    parser.add_argument(
        "--out", type=_spec.folder, metavar="FOLDER", help="the folder it would be rendered into"
    )
    parser.add_argument(
        "--compare",
        type=_kinds,
        metavar="KIND,KIND",
        help="show only what differs between these kinds of agent: agent,collector",
    )
    _output.add(parser)
