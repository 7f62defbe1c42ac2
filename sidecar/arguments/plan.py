"""Show everything decided for a region: gateway, agents with arguments and sizes, services, images.

Each setting is listed with the place it came from.
"""

from __future__ import annotations

import argparse

from sidecar.arguments import _spec

EXAMPLES = """examples:
  sidecar plan --region eu-central-1
  sidecar plan --region cn-shanghai --network vpc --output json | jq '.services[].agent.argv'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _spec.add_arguments(parser)
    parser.add_argument(
        "--out", type=_spec.folder, metavar="FOLDER", help="the folder it would be rendered into"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
