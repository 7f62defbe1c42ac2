"""Obtain every image of a deployment: pull it, or build it if no registry answers.

The base and the agent come from the registry, from a mirror of it (--prefix), or from Debian
packages and the agent's Go module. The sample and the stand-in are built from the checkout. The
names go into .env, which Compose reads. The chart's names for the region `local` always exist.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _output, _spec
from sidecar.spec import AGENT_KINDS

EXAMPLES = """examples:
  sidecar images
  sidecar images --prefix mirror.example.com/dockerhub/
  sidecar images --source build
  sidecar images --agent-kind collector
  sidecar images --file sidecar.yaml --out build/cn-shanghai
  sidecar images --dry-run --output json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _add_sources(parser)
    parser.add_argument(
        "--out",
        type=_spec.folder,
        default=Path(),
        metavar="FOLDER",
        help="the folder whose .env gets the names (default: .)",
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="pull or build even what already exists"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, change nothing"
    )
    _output.add(parser)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        choices=("auto", "registry", "build"),
        help="auto: the registry if it answers within some seconds, else build (default: auto)",
    )
    parser.add_argument(
        "--prefix", metavar="MIRROR/", help="name of a mirror, put before the official names"
    )
    parser.add_argument("--agent-version", metavar="VERSION", help="default: the kind's own")
    parser.add_argument(
        "--agent-kind",
        choices=AGENT_KINDS,
        help=f"which image the agents need (default: {AGENT_KINDS[0]})",
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="a spec that sets these options; flags override it",
    )
    parser.add_argument(
        "--debian-mirror",
        metavar="URL",
        help="for a base that is built (default: this machine's mirror)",
    )
