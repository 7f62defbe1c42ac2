from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sidecar.console import table
from sidecar.regions import find_region, load_regions, search

if TYPE_CHECKING:
    import argparse

    from sidecar.regions import Region


def run(args: argparse.Namespace) -> int:
    """Print the table or its JSON. Raises SidecarError if no region matches the word."""
    regions = load_regions(args.regions)
    rows = search(regions, args.word) if args.word else list(regions.values())
    if not rows:
        rows = [find_region(regions, args.word)]  # raises, with the nearest id
    if args.output == "json":
        print(json.dumps([asdict(region) for region in rows], indent=2))
    else:
        _print_table(rows)
    return 0


def _print_table(rows: list[Region]) -> None:
    print(table(("REGION", "NAME", "PUBLIC HOST", "VPC HOST"), [_cells(region) for region in rows]))
    for region in rows:
        if region.doubtful:
            print(f"* {region.id}: {region.doubtful}")


def _cells(region: Region) -> tuple[str, ...]:
    mark = " *" if region.doubtful else ""
    return region.id, region.name, region.public or "-", (region.vpc or "-") + mark
