"""List the regions and their gateways, all or those that match a word."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from sidecar.regions import Region

EXAMPLES = """examples:
  sidecar regions
  sidecar regions shanghai
  sidecar regions --output json | jq -r '.[].public'
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "word", nargs="?", help="show only regions whose id, name or host holds this"
    )
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions"
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Print the table or its JSON; 1 when no region matches the word."""
    from sidecar.regions import find_region, load_regions, search

    regions = load_regions(args.regions)
    rows = search(regions, args.word) if args.word else list(regions.values())
    if not rows:
        rows = [find_region(regions, args.word)]
    if args.output == "json":
        print(json.dumps([asdict(region) for region in rows], indent=2))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: list[Region]) -> None:
    from sidecar.console import table

    print(table(("REGION", "NAME", "PUBLIC HOST", "VPC HOST"), [_cells(region) for region in rows]))
    for region in rows:
        if region.doubtful:
            print(f"* {region.id}: {region.doubtful}")


def _cells(region: Region) -> tuple[str, ...]:
    mark = " *" if region.doubtful else ""
    return region.id, region.name, region.public or "-", (region.vpc or "-") + mark
