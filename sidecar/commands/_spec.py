"""Reads the spec that the arguments name, and plans it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import targets
from sidecar.checkout import find_checkout
from sidecar.commands._overlay import order_of
from sidecar.commands._overlay import plan_of as overlay_plan
from sidecar.errors import SidecarError
from sidecar.files import real
from sidecar.plan import make_plan
from sidecar.regions import find_region, token_hosts
from sidecar.spec import require_region
from sidecar.spec.load import load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec.load import Loaded


FLAGS = {"region": "region", "network": "gateway.network"}
"""Argument → path of the field that it sets."""


def load_spec(args: argparse.Namespace) -> Loaded:
    """Return the spec: flags override the environment, which overrides files.

    It may lack a region.
    """
    flags = {path: value for name, path in FLAGS.items() if (value := getattr(args, name))}
    return load(args.file or (), flags, os.environ)


def plan_of(loaded: Loaded, regions: Mapping[str, Region], out: Path | None) -> tuple[Plan, Path]:
    """Return the plan of a spec and its output folder, build/<region> by default.

    That of a spec with `compose` is its project's. Raises SidecarError as make_plan does, with the
    line that gave the field.
    """
    if loaded.spec.compose:
        order = order_of(loaded, regions)
        return overlay_plan(order), order.stack.folder
    name = require_region(loaded.spec.region)
    try:
        region = find_region(regions, name)
    except SidecarError as error:
        named = SidecarError("region", f"{name!r} {error.cause}", error.fix, id=error.id)
        raise loaded.placed(named) from error
    folder = out or Path("build") / region.id
    try:
        plan = make_plan(
            loaded.spec,
            region,
            source_for(folder),
            folder=_relative(loaded.folder, folder),
            known_hosts=token_hosts(regions),
        )
    except SidecarError as error:
        raise loaded.placed(error) from error
    return plan, folder


def rendering_of(loaded: Loaded, plan: Plan, names: Iterable[str]) -> Rendering:
    """Return the files of targets; see `targets.render`.

    Raises SidecarError, with the line that gave the field, for what a target cannot render.
    """
    try:
        return targets.render(plan, names)
    except SidecarError as error:
        raise loaded.placed(error) from error


def source_for(folder: Path) -> str | None:
    """Return the checkout relative to a folder inside it; None for another folder.

    A folder outside the checkout may be copied to other machines.
    """
    checkout = find_checkout()
    if checkout is None or not real(folder).is_relative_to(checkout):
        return None
    return _relative(checkout, folder)


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(real(path), real(start))).as_posix()
