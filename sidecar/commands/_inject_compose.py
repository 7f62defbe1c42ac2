"""`sidecar inject` for Compose files."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from sidecar.commands import _spec
from sidecar.commands._findings import ignored_ids
from sidecar.commands._overlay import (
    Delivery,
    Order,
    deliver,
    result_of,
    stack_of,
    stack_paths,
)
from sidecar.engine.compose import files_under
from sidecar.errors import SidecarError, UsageError
from sidecar.existing.compose.files import FILE_VARIABLE, NAMES, OVERRIDES
from sidecar.existing.compose.load import is_rendering
from sidecar.inject.compose import report
from sidecar.inject.compose.activate import deactivate
from sidecar.inject.compose.choice import Wishes
from sidecar.inject.compose.compare import names_of
from sidecar.inject.inputs import STANDARD_INPUT
from sidecar.plan import LOCAL_BARE_FILE, LOCAL_TOKEN_FILE
from sidecar.regions import load_regions
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.targets.compose import CONFIGURATIONS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from sidecar.inject.compose.report import Stack

_AS_OVERRIDE = "docker-compose.override.yml"


def run(args: argparse.Namespace, data: bytes) -> int:
    """Write an overlay, print or compare it; or remove it."""
    if data or STANDARD_INPUT in args.paths:
        fix = "Name the file: the overlay lies next to it"
        raise UsageError("inject", "does not read a Compose file from standard input", fix)
    order = _order(args)
    if args.remove:
        return _remove(order.stack)
    delivery = Delivery(args.dry_run, args.diff, args.activate, args.output == "json")
    return deliver(result_of(order), delivery)


def _order(args: argparse.Namespace) -> Order:
    """Return what is asked for; files that are named win over those of a spec."""
    regions, loaded = load_regions(args.regions), _spec.load_spec(args)
    paths = args.paths or stack_paths(loaded) or [Path()]
    stack = stack_of(paths, args.out)
    if args.as_override and not args.out:
        _require_free_override(stack.files)
        stack = replace(stack, out=stack.files[0].with_name(_AS_OVERRIDE))
    active = stack.active or bool(args.activate or args.as_override)
    stack = replace(stack, active=active, profiles=tuple(args.profile), specs=loaded.files)
    wishes = Wishes(
        services=tuple(args.service),
        excluded=tuple(args.excluded),
        replaced=tuple(args.replace),
        profiles=tuple(args.profile),
    )
    return Order(stack, loaded, regions, wishes, tuple(ignored_ids(args)))


def _require_free_override(files: Sequence[Path]) -> None:
    """Raise SidecarError where Compose would not read a new override file."""
    for name in OVERRIDES:
        path = files[0].with_name(name)
        if path.is_file() and not is_rendering(path):
            raise SidecarError(str(path), "is an override of yours", "Use --activate")
    if len(files) > 1 or files[0].name not in NAMES:
        cause = "Compose reads an override only over one file with a usual name"
        raise SidecarError("--as-override", cause, "Use --activate")


def _remove(stack: Stack) -> int:
    """Remove the overlay, and take it out of .env."""
    stack = _existing(stack)
    networks, volumes = names_of(stack.files, stack.out, "networks", "volumes")
    if deactivate(stack.folder, stack.out, os.environ):
        print(f"{stack.folder / '.env'}: {FILE_VARIABLE} no longer names it")
    _remove_files(stack)
    files = "" if stack.active else report.named(stack.files)
    print(f"\nnext:\n  docker compose{files} up --detach --remove-orphans")
    if networks:
        print(f"  docker network rm {' '.join(networks)}")
    if volumes:
        print(f"  docker volume rm {' '.join(volumes)}  # with the spans that wait in them")
    return 0


def _existing(stack: Stack) -> Stack:
    """Return a stack with the files that its overlay is over. Raises SidecarError without one."""
    if not stack.out.is_file():
        raise SidecarError(str(stack.out), "is not there", "Name the overlay with --out")
    if not is_rendering(stack.out):
        raise SidecarError(str(stack.out), "was not written by sidecar", "Name the right one")
    under = tuple(stack.folder / name for name in files_under(stack.out))
    return replace(stack, files=under or stack.files)


def _remove_files(stack: Stack) -> None:
    """Remove an overlay and what was written with it; files of others stay."""
    own = (*_configurations(stack), stack.out, stack.folder / LOCAL_TOKEN_FILE)
    bare = _is_local_token(stack.folder / LOCAL_BARE_FILE)
    for path in own:
        if path.is_file() and is_rendering(path):
            _unlink(path)
    if bare:
        _unlink(stack.folder / LOCAL_BARE_FILE)
    for empty in (CONFIGURATIONS, PurePath(LOCAL_BARE_FILE).parent):
        with suppress(OSError):  # with files of others it stays
            (stack.folder / empty).rmdir()


def _configurations(stack: Stack) -> list[Path]:
    """Return the files with collectors' configurations that an overlay names."""
    text = stack.out.read_text(encoding="utf-8")
    found = sorted((stack.folder / CONFIGURATIONS).glob("*.yaml"))
    return [path for path in found if f"./{CONFIGURATIONS}/{path.name}" in text]


def _is_local_token(path: Path) -> bool:
    """Tell whether a file is the public token of `local`, next to the one that says so."""
    signed = path.parent.with_name(LOCAL_TOKEN_FILE)
    if not (path.is_file() and signed.is_file() and is_rendering(signed)):
        return False
    return path.read_bytes() == LOCAL_TOKEN.encode()


def _unlink(path: Path) -> None:
    path.unlink()
    print(f"{path}: removed")
