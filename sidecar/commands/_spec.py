"""The arguments that name a deployment, shared by the commands that plan one."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec import Spec


def folder(text: str) -> Path:
    """Return an argument as a folder; argparse prints the error. An empty one comes from an unset variable."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a folder, or . for this one")
    return Path(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --region, --network, --file and --regions."""
    parser.add_argument("--region", metavar="ID", help="region id, see `sidecar regions`")
    parser.add_argument("--network", choices=("public", "vpc"), help="which host of the region (default: public)")
    parser.add_argument("--file", type=Path, metavar="FILE", help="the spec, e.g. sidecar.yaml")
    parser.add_argument("--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions")


def spec_of(args: argparse.Namespace) -> Spec:
    """Return the spec of the file under the flags; its region may still be missing."""
    from sidecar.spec import Spec
    from sidecar.specfile import read_spec

    spec = read_spec(args.file) if args.file else Spec(region="")
    given = {key: value for key in ("region", "network") if (value := getattr(args, key))}
    return replace(spec, **given)


def plan_of(spec: Spec, regions: Mapping[str, Region], out: Path | None) -> tuple[Plan, Path]:
    """Return the plan of a spec and its output folder (default build/<region>)."""
    from sidecar.plan import make_plan
    from sidecar.regions import find_region
    from sidecar.spec import require_region

    region = find_region(regions, require_region(spec.region))
    folder = out or Path("build") / region.id
    return make_plan(spec, region, source_for(folder)), folder


def source_for(folder: Path) -> str | None:
    """Return the checkout relative to a folder inside it; None for a folder elsewhere, which may be shipped."""
    from sidecar.checkout import find_checkout

    checkout = find_checkout()
    target = folder.resolve()
    if checkout is None or not target.is_relative_to(checkout):
        return None
    return Path(os.path.relpath(checkout, target)).as_posix()
