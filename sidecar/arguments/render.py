"""Write the deployment of a region into a folder: all of its files, or none.

Files that the kit did not write stay as they are; a folder of such files only, without a spec or a
rendering, is refused. For a spec with `compose`, write an overlay with agents over these Compose
files, as `sidecar inject` does.
"""

from __future__ import annotations

import argparse

from sidecar.arguments import _spec

EXAMPLES = """examples:
  sidecar render --region cn-shenzhen                  into build/cn-shenzhen
  sidecar render --region cn-shenzhen --network vpc --out /srv/tracing
  sidecar render --file base.yaml --file prod.yaml     the second overrides the first
  sidecar render --all-regions --out build             one folder per region
  sidecar render --region local --out . --diff         what would change; exit 1 if anything
  sidecar render --region cn-shenzhen --target systemd  a unit for a host without containers
  sidecar render --file sidecar.yaml                   with `compose`: an overlay, as inject does
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    _spec.add_arguments(parser)
    parser.add_argument(
        "--all-regions", action="store_true", help="every region of the catalogue except `local`"
    )
    parser.add_argument(
        "--out",
        type=_spec.folder,
        metavar="PATH",
        help="output folder (default: build/<region>); for a spec with `compose`, the overlay "
        "(default: docker-compose.tracing.yml next to the first file)",
    )
    parser.add_argument(
        "--target",
        action="append",
        choices=("compose", "helm", "systemd"),
        help="render for this only; may be repeated (default: compose and helm)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write also into a folder that holds other files only; it replaces none of them",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--dry-run",
        action="store_true",
        help="write nothing, print the overlay or the files' names",
    )
    only.add_argument("--diff", action="store_true", help="write nothing, show what would change")
