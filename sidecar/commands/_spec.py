"""From the arguments of arguments/_spec.py to a spec and its plan."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.checkout import find_checkout
from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.plan.gateways import hosts_of
from sidecar.regions import find_region
from sidecar.spec import require_region
from sidecar.spec.load import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec.load import Loaded


FLAGS = {"region": "region", "network": "gateway.network"}
"""Argument → path of the field that it says."""


def load_spec(args: argparse.Namespace) -> Loaded:
    """Return the spec of the files under the environment under the flags; its region may still be missing."""
    flags = {path: value for name, path in FLAGS.items() if (value := getattr(args, name))}
    return load(args.file or (), flags, os.environ)


def plan_of(loaded: Loaded, regions: Mapping[str, Region], out: Path | None) -> tuple[Plan, Path]:
    """Return the plan of a spec and its output folder, build/<region> by default.

    Raises SidecarError as make_plan does, with the line that gave the field.
    """
    name = require_region(loaded.spec.region)
    try:
        region = find_region(regions, name)
    except SidecarError as error:
        named = SidecarError("region", f"{name!r} {error.cause}", error.fix)
        raise _placed(named, loaded) from error
    folder = out or Path("build") / region.id
    try:
        beside = Path(os.path.relpath(loaded.folder.resolve(), folder.resolve())).as_posix()
        plan = make_plan(
            loaded.spec, region, source_for(folder), folder=beside, known_hosts=hosts_of(regions)
        )
    except SidecarError as error:
        raise _placed(error, loaded) from error
    return plan, folder


def _placed(error: SidecarError, loaded: Loaded) -> SidecarError:
    """Return the error of a field with the line that gave it."""
    origin = loaded.provenance.get(error.subject)
    if origin is None or origin.source == "default":
        return error
    return SidecarError(f"{origin.source}: {error.subject}", error.cause, error.fix)


def source_for(folder: Path) -> str | None:
    """Return the checkout relative to a folder inside it; None for a folder elsewhere, which may be shipped."""
    checkout = find_checkout()
    target = folder.resolve()
    if checkout is None or not target.is_relative_to(checkout):
        return None
    return Path(os.path.relpath(checkout, target)).as_posix()
