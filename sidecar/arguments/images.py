"""Obtain every image that a deployment names: pulled where a registry answers, else built from source.

Base and agent come from the registry, from a mirror of it (--prefix), or from Debian packages and the agent's Go
module; sample and gateway are built from the checkout. Their names are left in .env, which Compose reads. The names
in the chart for `local` are there in every case.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar import image_names
from sidecar.arguments import _spec

EXAMPLES = """examples:
  sidecar images
  sidecar images --prefix mirror.example.com/dockerhub/
  sidecar images --source build
  sidecar images --file sidecar.yaml --out build/cn-shanghai
  sidecar images --dry-run --output json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--source",
        choices=("auto", "registry", "build"),
        help="auto, the default: the registry if it answers within some seconds, else from source",
    )
    parser.add_argument(
        "--prefix", metavar="MIRROR/", help="a mirror's name before the official names"
    )
    parser.add_argument(
        "--agent-version", metavar="VERSION", help=f"default: {image_names.AGENT_VERSION}"
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="a spec that says these three; flags win over it",
    )
    parser.add_argument(
        "--debian-mirror", metavar="URL", help="for a base from source (default: the host's own)"
    )
    parser.add_argument(
        "--out",
        type=_spec.folder,
        default=Path(),
        metavar="FOLDER",
        help="whose .env gets the names (default: .)",
    )
    parser.add_argument("--rebuild", action="store_true", help="take nothing that is already there")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, change nothing"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
