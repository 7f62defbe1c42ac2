"""Remove from Kubernetes manifests what inject added, and restore the original bytes."""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.arguments import _inject_manifests, _output

EXAMPLES = """examples:
  sidecar uninject manifests/ --in-place
  sidecar uninject deployment.yaml --diff
  kubectl get deploy -o yaml | sidecar uninject - | kubectl apply -f -

for a Compose file: sidecar inject --remove
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE", help="manifests, a folder, or -"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="what is written (default: standard output)"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="write nothing, print the result")
    only.add_argument("--diff", action="store_true", help="write nothing, show what would change")
    _inject_manifests.add_places(parser)
    _output.add(parser)
