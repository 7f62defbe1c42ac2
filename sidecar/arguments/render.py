"""Write the deployment of a region into a folder, whole or not at all. Files that are not the kit's stay."""

from __future__ import annotations

import argparse

from sidecar.arguments import _spec

EXAMPLES = """examples:
  sidecar render --region cn-shenzhen                  into build/cn-shenzhen
  sidecar render --region cn-shenzhen --network vpc --out /srv/tracing
  sidecar render --file base.yaml --file prod.yaml     the second wins over the first
  sidecar render --all-regions --out build             one folder a region
  sidecar render --region local --out . --diff         what would change; exit 1 if anything
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _spec.add_arguments(parser)
    parser.add_argument(
        "--all-regions", action="store_true", help="every region of the catalogue but `local`"
    )
    parser.add_argument(
        "--out", type=_spec.folder, metavar="FOLDER", help="output folder (default: build/<region>)"
    )
    parser.add_argument("--diff", action="store_true", help="write nothing, show what would change")
