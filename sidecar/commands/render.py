from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.checks.folders import check_others
from sidecar.commands import _overlay, _spec
from sidecar.console import say
from sidecar.errors import SidecarError, UsageError
from sidecar.image_names import IMAGES_COMMENT
from sidecar.plan.agents import tags_key
from sidecar.regions import LOCAL, load_regions
from sidecar.rendering import CHART, COMPOSE_FILE, diff, write_all
from sidecar.rules.agents import DEFAULT_VERSION
from sidecar.rules.recognition import mask
from sidecar.targets import systemd
from sidecar.targets.helm.values import SECRET

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec.load import Loaded


@dataclass(frozen=True)
class _Rendered:
    """A plan and its rendering."""

    plan: Plan
    folder: Path
    rendering: Rendering


def run(args: argparse.Namespace) -> int:
    """Render, then write or compare.

    Nothing is written unless every region can be rendered and every folder can take its files.
    """
    _check_regions(args)
    regions, loaded = load_regions(args.regions), _spec.load_spec(args)
    if loaded.spec.compose:
        _check_stack(args)
        order = _overlay.order_of(loaded, regions, args.out)
        delivery = _overlay.Delivery(args.dry_run, args.diff)
        return _overlay.deliver(_overlay.result_of(order), delivery)
    plans = _plans(args, loaded, regions)
    rendered = [
        _Rendered(plan, folder, _spec.rendering_of(loaded, plan, args.target or ()))
        for plan, folder in plans
    ]
    if args.dry_run:
        print("\n".join(_names(rendered)))
        return 0
    if args.diff:
        return _show([diff(entry.rendering, entry.folder) for entry in rendered])
    if not args.force:
        _check_others(rendered, loaded, args.out if args.all_regions else None)
    new = {entry.folder for entry in rendered if not _exists(entry.folder / COMPOSE_FILE)}
    write_all({entry.folder: entry.rendering for entry in rendered}, say)
    files = "".join(f" --file {shlex.quote(str(path))}" for path in args.file or ())
    for entry in rendered:
        print(_written(entry, files, new=entry.folder in new))
    return 0


def _check_regions(args: argparse.Namespace) -> None:
    if args.all_regions and args.region:
        raise UsageError("--all-regions", "excludes --region", "Give one of them")


def _check_others(rendered: list[_Rendered], loaded: Loaded, root: Path | None) -> None:
    """Raise SidecarError for a folder of others, or a folder of others that gets one per region."""
    found = [check_others(entry.folder, loaded.files) for entry in rendered]
    if root:
        found.insert(0, check_others(root, loaded.files, [entry.plan.region for entry in rendered]))
    for finding in filter(None, found):
        raise SidecarError.from_finding(finding)


def _check_stack(args: argparse.Namespace) -> None:
    for flag, given in (
        ("--all-regions", args.all_regions),
        ("--target", args.target),
        ("--force", args.force),
    ):
        if given:
            raise UsageError(flag, "a stack has one overlay", f"Leave out {flag}")


def _plans(
    args: argparse.Namespace, loaded: Loaded, regions: Mapping[str, Region]
) -> list[tuple[Plan, Path]]:
    if not args.all_regions:
        return [_spec.plan_of(loaded, regions, args.out)]
    root = args.out or Path("build")
    chosen = [region for region in regions if region != LOCAL]
    specs = {region: replace(loaded, spec=replace(loaded.spec, region=region)) for region in chosen}
    return [_spec.plan_of(spec, regions, root / region) for region, spec in specs.items()]


def _names(rendered: list[_Rendered]) -> list[str]:
    return [str(entry.folder / name) for entry in rendered for name in sorted(entry.rendering)]


def _show(diffs: list[str]) -> int:
    text = "".join(diffs)
    print(mask(text), end="")
    return 1 if text else 0


def _written(entry: _Rendered, files: str, *, new: bool) -> str:
    plan, folder = entry.plan, entry.folder
    names = ", ".join(_top_level(entry.rendering))
    lines = [f"{folder}: {names} for {plan.region} ({plan.gateway.address})"]
    has_token = plan.token_file in entry.rendering or _exists(folder / plan.token_file)
    images = f"sidecar images{files} --out {shlex.quote(str(folder))}  {IMAGES_COMMENT}"
    if not has_token:
        lines += _next_steps(entry, images)
    elif new and COMPOSE_FILE in entry.rendering:
        lines.append(f"  next, for Compose:    {images}")
    return "\n".join(lines)


def _next_steps(entry: _Rendered, images: str) -> list[str]:
    """Return what comes next for each target that was rendered: its token first."""
    version = _version_flag(entry.plan)
    folder = shlex.quote(str(entry.folder))
    token = f"sidecar token set --out {folder}{version}"
    lines = []
    if COMPOSE_FILE in entry.rendering:
        lines += [f"  next, for Compose:    {token}", f"                        {images}"]
    if any(name.startswith(CHART) for name in entry.rendering):
        secret = f"sidecar token set --kubernetes-secret {SECRET} --apply{version}"
        lines.append(f"  next, for Kubernetes: {secret}")
        chart = shlex.quote(str(entry.folder / CHART.rstrip("/")))
        lines.append(f"                        helm install sidecar {chart} --wait")
    if systemd.INSTALL in entry.rendering:
        install = shlex.quote(str(entry.folder / systemd.INSTALL))
        lines += [f"  next, for systemd:    {token}", f"                        sudo sh {install}"]
    return lines


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _top_level(rendering: Rendering) -> list[str]:
    """Return the names in the folder itself; a folder's ends with a slash."""
    names = set()
    for name in rendering:
        first, slash, _ = name.partition("/")
        names.add(first + slash)
    return sorted(names)


def _version_flag(plan: Plan) -> str:
    version = plan.services[0].agent.tags_version
    return "" if tags_key(version) == tags_key(DEFAULT_VERSION) else f" --agent-version {version}"
