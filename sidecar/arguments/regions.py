"""List the regions and their gateways: all of them, or those that match a word."""

from __future__ import annotations

import argparse
from pathlib import Path

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
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
