"""List the regions and their gateways: all of them, or those that match a word."""

from __future__ import annotations

import argparse

from sidecar.arguments import _output, _spec

EXAMPLES = """examples:
  sidecar regions
  sidecar regions shanghai
  sidecar regions --output json | jq -r '.[].public'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "word", nargs="?", help="show only regions whose id, name or host contains this word"
    )
    _spec.add_regions(parser)
    _output.add(parser)
