"""Reads, plans and renders a spec for N regions, and prints the times."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.checks.spec import check_spec
from sidecar.plan import make_plan
from sidecar.regions import LOCAL, NETWORKS, find_region, load_regions
from sidecar.spec.load import load
from sidecar.targets import render

if TYPE_CHECKING:
    from sidecar.spec.load import Loaded


def main() -> int:
    """Print read_ms, plan_ms, render_ms, and each_ms, which is per service or rendering."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=Path, metavar="FILE", help="default: the sample's services")
    parser.add_argument("--regions", type=int, required=True, metavar="N")
    args = parser.parse_args()
    _once(load(), "cn-beijing", "public")  # loads templates and schemas
    began = _now()
    loaded = load([args.spec]) if args.spec else load()
    read = _now() - began
    regions = [name for name in load_regions(None) if name != LOCAL]
    chosen = islice(
        ((region, network) for network, region in product(NETWORKS, regions)), args.regions
    )
    times = [_once(loaded, region, network) for region, network in chosen]
    plan, rendered = (sum(column) for column in zip(*times, strict=True))
    parts = max(len(times), len(loaded.spec.services or ()))
    sample = {
        "read_ms": read,
        "plan_ms": plan,
        "render_ms": rendered,
        "each_ms": (read + plan + rendered) / parts,
    }
    print(json.dumps(sample))
    return 0


def _once(loaded: Loaded, name: str, network: str) -> tuple[float, float]:
    began = _now()
    regions = load_regions(None)
    spec = replace(loaded.spec, region=name, gateway=replace(loaded.spec.gateway, network=network))
    region = find_region(regions, name)
    plan = make_plan(spec, region)
    check_spec(replace(loaded, spec=spec), plan, region)
    planned = _now()
    render(plan)
    return planned - began, _now() - planned


def _now() -> float:
    return time.perf_counter() * 1000


if __name__ == "__main__":
    sys.exit(main())
