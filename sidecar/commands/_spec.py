"""The arguments that name a deployment, shared by the commands that plan one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec.load import Loaded


def folder(text: str) -> Path:
    """Return an argument as a folder; argparse prints the error. An empty one comes from an unset variable."""
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a folder, or . for this one")
    return Path(text)


_ENVIRONMENT = """a flag wins over these, they win over the files, and an empty one is none:
SIDECAR_REGION, SIDECAR_NAME, SIDECAR_NETWORK, SIDECAR_GATEWAY_PORT, SIDECAR_GATEWAY_TLS,
SIDECAR_GATEWAY_HOST, SIDECAR_AGENT_KIND, SIDECAR_AGENT_VERSION, SIDECAR_IMAGES_PREFIX, SIDECAR_IMAGES_SOURCE,
SIDECAR_CAPACITY_SPANS_PER_SECOND, SIDECAR_CAPACITY_ROUND_TRIP_MS, SIDECAR_REGIONS (as --regions)"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --region, --network, --file and --regions."""
    parser.add_argument("--region", metavar="ID", help="region id, see `sidecar regions`")
    parser.add_argument(
        "--network", choices=("public", "vpc"), help="which host of the region (default: public)"
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        metavar="FILE",
        help="the spec, e.g. sidecar.yaml; given again: a later one wins",
    )
    parser.add_argument(
        "--regions", type=Path, metavar="FILE", help="a file that adds or overrides regions"
    )
    parser.add_argument_group("environment", _ENVIRONMENT)


FLAGS = {"region": "region", "network": "gateway.network"}
"""Argument → path of the field that it says."""


def load_spec(args: argparse.Namespace) -> Loaded:
    """Return the spec of the files under the environment under the flags; its region may still be missing."""
    from sidecar.spec.load import load

    flags = {path: value for name, path in FLAGS.items() if (value := getattr(args, name))}
    return load(args.file or (), flags, os.environ)


def plan_of(loaded: Loaded, regions: Mapping[str, Region], out: Path | None) -> tuple[Plan, Path]:
    """Return the plan of a spec and its output folder (default build/<region>). Raises SidecarError as make_plan."""
    from sidecar.plan import make_plan
    from sidecar.plan.gateways import hosts_of
    from sidecar.regions import find_region
    from sidecar.spec import require_region

    name = require_region(loaded.spec.region)
    try:
        region = find_region(regions, name)
    except SidecarError as error:
        raise _placed(
            SidecarError("region", f"{name!r} {error.cause}", error.fix), loaded
        ) from error
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
    from sidecar.checkout import find_checkout

    checkout = find_checkout()
    target = folder.resolve()
    if checkout is None or not target.is_relative_to(checkout):
        return None
    return Path(os.path.relpath(checkout, target)).as_posix()
