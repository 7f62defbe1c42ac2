"""`sidecar inject` for Compose files."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _spec
from sidecar.commands._findings import ignored_ids
from sidecar.console import say
from sidecar.engine.errors import ComposeAbsentError
from sidecar.errors import SidecarError, UsageError
from sidecar.existing.compose.files import FILE_VARIABLE, NAMES, OVERRIDES, compose_files, named
from sidecar.existing.compose.load import is_rendering, load_all, without_tokens
from sidecar.findings import failed, without
from sidecar.inject.compose import report
from sidecar.inject.compose.activate import activate, deactivate
from sidecar.inject.compose.choose import Wishes, choose
from sidecar.inject.compose.compare import compare, networks_of
from sidecar.inject.compose.decide import overlay_of
from sidecar.inject.compose.findings import findings_of, refusals_of
from sidecar.inject.compose.planning import located, named_in, plan_for
from sidecar.inject.compose.report import Result, Stack
from sidecar.inject.inputs import STANDARD_INPUT
from sidecar.plan import LOCAL_TOKEN_FILE
from sidecar.regions import load_regions
from sidecar.rendering import diff, write_all
from sidecar.rules import overlays
from sidecar.targets import overlay as target
from sidecar.targets.compose import token_file

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from sidecar.existing.compose.records import ComposeFile
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec import Spec

_AS_OVERRIDE = "docker-compose.override.yml"


def run(args: argparse.Namespace, data: bytes) -> int:
    """Write an overlay, print or compare it; or remove it."""
    if data or STANDARD_INPUT in args.paths:
        fix = "Name the file: the overlay lies next to it"
        raise UsageError("inject", "does not read a Compose file from standard input", fix)
    stack = _stack(args)
    if args.remove:
        return _remove(stack)
    result = _result(args, stack)
    return _deliver(args, result, result.plan) if result.plan else _refuse(args, result)


# The stack ------------------------------------------------------------------------------------


def _stack(args: argparse.Namespace) -> Stack:
    """Return the user's files without the kit's own overlay among them, and where that goes."""
    found = compose_files(args.paths or [Path()], os.environ)
    for path in found:
        if not path.is_file():
            raise SidecarError(str(path), "is not a file", "Name a Compose file")
    own = [path for path in found if is_rendering(path)]
    files = tuple(path for path in found if path not in own)
    if not files:
        cause = "is a rendering of the kit, not a stack of yours"
        raise SidecarError(str(found[0]), cause, "Name the Compose file that you wrote")
    out = args.out or _default_out(args, files, own)
    read = (*own, *named(files[0].parent, os.environ))
    active = args.activate or _is_read(out, read) or args.as_override
    return Stack(files, out, bool(active), tuple(args.profile))


def _default_out(args: argparse.Namespace, files: Sequence[Path], own: Sequence[Path]) -> Path:
    if args.as_override:
        _require_free_override(files)
        return files[0].with_name(_AS_OVERRIDE)
    return own[0] if own else files[0].with_name(target.FILE)


def _is_read(out: Path, read: Sequence[Path]) -> bool:
    """Tell whether the overlay is what Compose reads already."""
    return any(path.absolute() == out.absolute() for path in read)


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
    if not stack.out.is_file():
        raise SidecarError(str(stack.out), "is not there", "Name the overlay with --out")
    if not is_rendering(stack.out):
        raise SidecarError(str(stack.out), "was not written by sidecar", "Name the right one")
    networks = networks_of(stack.files, stack.out)
    if deactivate(stack.folder, stack.out, os.environ):
        print(f"{stack.folder / '.env'}: {FILE_VARIABLE} no longer names it")
    for path in (stack.out, stack.folder / LOCAL_TOKEN_FILE):
        if path.is_file() and is_rendering(path):
            path.unlink()
            print(f"{path}: removed")
    files = "" if stack.active else report.named(stack.files)
    print(f"\nnext:\n  docker compose{files} up --detach --remove-orphans")
    if networks:
        print(f"  docker network rm {' '.join(networks)}")
    return 0


# From the stack to an overlay -----------------------------------------------------------------


def _result(args: argparse.Namespace, stack: Stack) -> Result:
    file = load_all(stack.files)
    stack = replace(stack, tokens=file.tokens)
    regions, loaded = load_regions(args.regions), _spec.load_spec(args)
    wishes = Wishes(
        services=tuple(args.service) or named_in(loaded.spec, file),
        excluded=tuple(args.excluded),
        replaced=tuple(args.replace),
        profiles=tuple(args.profile),
    )
    choice = choose(file, wishes)
    spec = located(loaded.spec, choice.agents, regions)
    refused = refusals_of(file, choice, spec.region)
    findings, ignored = without(findings_of(file, choice, spec, regions), ignored_ids(args))
    result = Result(stack, choice, (*findings, *refused), ignored)
    return result if failed(refused) else _with_overlay(result, file, spec, regions)


def _with_overlay(
    result: Result, file: ComposeFile, spec: Spec, regions: Mapping[str, Region]
) -> Result:
    stack, choice = result.stack, result.choice
    plan = plan_for(spec, choice.traced, file, regions)
    overlay, plan = overlay_of(file, stack.files, choice, plan)
    text = target.render(plan, overlay)
    profiles = {name for service in file.services.values() for name in service.profiles}
    result = replace(result, plan=plan, overlay=overlay, text=text)
    cause = ""
    try:
        with without_tokens(file.tokens):
            compared = compare(stack.files, sorted(profiles), overlay, text)
        result = replace(result, compared=compared)
    except ComposeAbsentError as error:
        cause = error.cause
    if problem := overlays.not_compared(cause):
        findings = (*result.findings, problem.at("stack", str(stack.out)))
        result = replace(result, findings=findings)
    return result


# What becomes of it ---------------------------------------------------------------------------


def _deliver(args: argparse.Namespace, result: Result, plan: Plan) -> int:
    renderings = _renderings(result, plan)
    if args.diff or args.dry_run:
        parts = (diff(texts, folder) for folder, texts in renderings.items())
        changes = "".join(parts) if args.diff else ""
        _print(args, result, changes if args.diff else result.text)
        return 1 if changes else 0
    write_all(renderings, say)
    stack, notes = result.stack, []
    if args.activate and activate(stack.folder, stack.files, stack.out, os.environ):
        notes.append(f"{stack.folder / '.env'}: {FILE_VARIABLE} names it")
    if args.output == "json":
        print(report.as_json(result, written=True))
    else:
        print(report.text(result, notes))
    return 0


def _renderings(result: Result, plan: Plan) -> dict[Path, Rendering]:
    """Return the files by their folder: the overlay, and for `local` its public token file."""
    stack = result.stack
    found: dict[Path, dict[str, str]] = {stack.folder: dict(token_file(plan))}
    found.setdefault(stack.out.parent, {})[stack.out.name] = result.text
    return {folder: texts for folder, texts in found.items() if texts}


def _print(args: argparse.Namespace, result: Result, text: str) -> None:
    """Print what was asked for, and to standard error what was found."""
    if args.output == "json":
        print(report.as_json(result, written=False))
        return
    print(report.findings_text(result, sys.stderr), end="", file=sys.stderr)
    print(text, end="")


def _refuse(args: argparse.Namespace, result: Result) -> int:
    """Print why there is no overlay."""
    if args.output == "json":
        print(report.as_json(result, written=False))
    else:
        print(report.findings_text(result), end="")
    return 1
