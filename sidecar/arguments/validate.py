"""Check a spec and its output folder: what render would refuse, and what would go wrong later.

With FILE, check the agents of Compose files and manifests that you have, and their services.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _findings, _output, _spec

EXAMPLES = """examples:
  sidecar validate --region cn-shanghai
  sidecar validate --file sidecar.yaml --out build/cn-shanghai
  sidecar validate --file sidecar.yaml --ignore floating-image-tag
  sidecar validate --region cn-shanghai --target helm  the chart, by helm and the API's schemas
  sidecar validate docker-compose.yml k8s/              agents that you set up by hand
  sidecar validate --region us-west-1 --network vpc --output json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="instead of a spec: Compose files, manifests, folders of them, or - for manifests, "
        "whose agents are judged",
    )
    _spec.add_arguments(parser)
    parser.add_argument(
        "--out",
        type=_spec.folder,
        metavar="FOLDER",
        help="the folder it renders into (default: build/<region>)",
    )
    parser.add_argument(
        "--target",
        choices=("compose", "helm"),
        default="compose",
        help="which rendering is checked (default: %(default)s)",
    )
    _findings.add_ignore(parser)
    _output.add(parser)
