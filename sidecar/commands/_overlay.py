"""From a stack and a spec to an overlay, which is written, printed or compared.

`sidecar inject` and the commands that read a spec with `compose` share all of it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sidecar.console import say
from sidecar.engine.errors import ComposeAbsentError
from sidecar.errors import SidecarError
from sidecar.existing.compose.files import FILE_VARIABLE, compose_files, named
from sidecar.existing.compose.load import is_rendering, load_all, without_tokens
from sidecar.findings import failed, without
from sidecar.inject.compose import report
from sidecar.inject.compose.activate import activate
from sidecar.inject.compose.choice import Wishes
from sidecar.inject.compose.compare import compare
from sidecar.inject.compose.report import Result, Stack
from sidecar.inject.compose.survey import overlaid, survey
from sidecar.rendering import check_own, diff, write_all
from sidecar.rules import overlays
from sidecar.targets import overlay as target
from sidecar.targets.compose import beside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.inject.compose.survey import Survey
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec.load import Loaded


@dataclass(frozen=True)
class Order:
    """What an overlay is made from."""

    stack: Stack
    loaded: Loaded
    regions: Mapping[str, Region]
    wishes: Wishes = field(default_factory=Wishes)
    ignore: tuple[str, ...] = ()
    """Ids of --ignore."""


@dataclass(frozen=True)
class Delivery:
    """What becomes of an overlay."""

    dry_run: bool = False
    diff: bool = False
    activate: bool = False
    as_json: bool = False


# The stack ------------------------------------------------------------------------------------


def stack_of(paths: Sequence[Path], out: Path | None = None) -> Stack:
    """Return the user's files without the kit's own overlay among them, and where that goes."""
    found = compose_files(paths, os.environ)
    for path in found:
        if not path.is_file():
            raise SidecarError(str(path), "is not a file", "Name a Compose file")
    own = [path for path in found if is_rendering(path)]
    files = tuple(path for path in found if path not in own)
    if not files:
        cause = "is a rendering of the kit, not a stack of yours"
        raise SidecarError(str(found[0]), cause, "Name the Compose file that you wrote")
    out = out or (own[0] if own else files[0].with_name(target.FILE))
    read = (*own, *named(files[0].parent, os.environ))
    active = any(path.absolute() == out.absolute() for path in read)
    return Stack(files, out, active)


def stack_paths(loaded: Loaded) -> list[Path]:
    """Return the Compose files of a spec, as seen from here."""
    return [loaded.folder / name for name in loaded.spec.compose]


def order_of(loaded: Loaded, regions: Mapping[str, Region], out: Path | None = None) -> Order:
    """Return what the overlay of a spec with `compose` is made from."""
    stack = replace(stack_of(stack_paths(loaded), out), specs=loaded.files)
    return Order(stack, loaded, regions)


# From the stack to an overlay -----------------------------------------------------------------


def plan_of(order: Order) -> Plan:
    """Return the plan of an overlay. Raises SidecarError where nothing is traced."""
    found = _surveyed(order)
    for finding in found.refusals:
        raise SidecarError.from_finding(finding)
    return _overlaid(order, found)[1]


def result_of(order: Order) -> Result:
    """Return the overlay, or why there is none."""
    found, spec = _surveyed(order), order.loaded.spec
    stack = replace(order.stack, tokens=found.file.tokens)
    own = {service.name: service.ignore for service in spec.services or ()}
    findings, ignored = without(found.findings, [*order.ignore, *spec.ignore], own)
    result = Result(stack, found.choice, (*findings, *found.refusals), ignored)
    return result if failed(list(found.refusals)) else _with_overlay(result, found, order)


def _surveyed(order: Order) -> Survey:
    file = load_all(order.stack.files)
    try:
        return survey(file, order.wishes, order.loaded.spec, order.regions)
    except SidecarError as error:
        raise order.loaded.placed(error) from error


def _overlaid(order: Order, found: Survey) -> tuple[target.Overlay, Plan]:
    try:
        return overlaid(found, order.stack.files, order.regions)
    except SidecarError as error:
        raise order.loaded.placed(error) from error


def _with_overlay(result: Result, found: Survey, order: Order) -> Result:
    stack, file = result.stack, found.file
    overlay, plan = _overlaid(order, found)
    text = target.render(plan, overlay)
    result = replace(result, plan=plan, overlay=overlay, text=text)
    cause = ""
    try:
        with without_tokens(file.tokens):
            compared = compare(file, stack.files, overlay, text)
        result = replace(result, compared=compared)
    except ComposeAbsentError as error:
        cause = error.cause
    if problem := overlays.not_compared(cause):
        findings = (*result.findings, problem.at("stack", str(stack.out)))
        result = replace(result, findings=findings)
    return result


# What becomes of it ---------------------------------------------------------------------------


def deliver(result: Result, delivery: Delivery) -> int:
    """Write, print or compare an overlay, or print why there is none; return the exit code."""
    if result.plan is None:
        return _refuse(result, delivery)
    renderings = renderings_of(result, result.plan)
    if delivery.diff or delivery.dry_run:
        for folder, texts in renderings.items():
            check_own(folder, texts)
        parts = (diff(texts, folder) for folder, texts in renderings.items())
        changes = "".join(parts) if delivery.diff else ""
        _print(result, delivery, changes if delivery.diff else result.text)
        return 1 if changes else 0
    write_all(renderings, say)
    stack, notes = result.stack, []
    if delivery.activate and activate(stack.folder, stack.files, stack.out, os.environ):
        notes.append(f"{stack.folder / '.env'}: {FILE_VARIABLE} names it")
    if delivery.as_json:
        print(report.as_json(result, written=True))
    else:
        print(report.text(result, notes))
    return 0


def renderings_of(result: Result, plan: Plan) -> dict[Path, Rendering]:
    """Return the files by their folder: the overlay, and for `local` its public token file."""
    stack = result.stack
    found: dict[Path, dict[str, str]] = {stack.folder: dict(beside(plan))}
    found.setdefault(stack.out.parent, {})[stack.out.name] = result.text
    return {folder: texts for folder, texts in found.items() if texts}


def _print(result: Result, delivery: Delivery, text: str) -> None:
    """Print what was asked for, and to standard error what was found."""
    if delivery.as_json:
        print(report.as_json(result, written=False))
        return
    print(report.findings_text(result, sys.stderr), end="", file=sys.stderr)
    print(text, end="")


def _refuse(result: Result, delivery: Delivery) -> int:
    """Print why there is no overlay."""
    if delivery.as_json:
        print(report.as_json(result, written=False))
    else:
        print(report.findings_text(result), end="")
    return 1
