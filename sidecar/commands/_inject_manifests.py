"""`sidecar inject` for Kubernetes manifests."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _manifests, _spec
from sidecar.console import findings_text, say
from sidecar.errors import SidecarError, UsageError
from sidecar.existing.manifests.config_maps import ConfigMaps
from sidecar.inject.manifests.choose import Choice, check_selector
from sidecar.inject.manifests.namespaces import Injecting, free_name
from sidecar.regions import load_regions
from sidecar.rules.injections import left_out
from sidecar.rules.manifests import named
from sidecar.spec import COLLECTOR
from sidecar.targets.helm.values import SECRET
from sidecar.targets.manifests import additions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from sidecar.inject.manifests.report import Report
    from sidecar.inject.manifests.streams import Source
    from sidecar.plan import Plan
    from sidecar.spec.load import Loaded
    from sidecar.targets.manifests import Additions

NATIVE_SINCE = (1, 29)
NAME = "sidecar"
"""How the names of what collectors share begin."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def run(args: argparse.Namespace, head: bytes) -> int:
    """Write manifests with agents; `head` is what was read of standard input."""
    _manifests.check(args)
    check_selector(args.selector or "")
    name = _checked(args.collector_name or NAME)
    loaded, plan = _plan(args)
    choice = _choice(args, plan.services[0].agent.kind)
    secret, image = args.secret or SECRET, args.gateway_image or ""
    make = partial(additions, plan, secret, native=choice.native, image=image)
    _require(make, loaded)
    made: list[Injecting] = []

    def prepare(found: Sequence[Source]) -> Injecting:
        free = free_name(found, name) if choice.kind == COLLECTOR else name
        made.append(Injecting(choice, make(name=free), ConfigMaps()))
        return made[0]

    report = _manifests.run(args, head, prepare, partial(_check_names, choice))
    counts = report.counts
    what = "a collector" if choice.kind == COLLECTOR else "an agent"
    say(
        f"{report.touched} of {sum(counts.values())} workloads have {what} for "
        f"{plan.gateway.address}, with the token of Secret {secret}"
    )
    if args.diff:
        return 1 if counts["added"] or counts["updated"] or made[0].differs else 0
    return 1 if args.strict and report.missed else 0


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        fix = "Use lower-case letters, digits and -, at most 40"
        raise UsageError("--collector-name", f"{name!r} cannot begin a name", fix)
    return name


def _choice(args: argparse.Namespace, kind: str) -> Choice:
    return Choice(
        services=tuple(args.service),
        excluded=tuple(args.excluded),
        selector=args.selector or "",
        opt_in=args.opt_in,
        replace=tuple(args.replace),
        native=is_native(args.kube_version),
        kind=kind,
    )


def is_native(version: str | None) -> bool:
    """Tell whether init containers can keep running. Raises UsageError for no version."""
    if not version:
        return True
    parts = version.removeprefix("v").split(".")
    try:
        return (int(parts[0]), int("".join(c for c in parts[1] if c.isdigit()))) >= NATIVE_SINCE
    except (ValueError, IndexError):
        fix = "Give one such as 1.31"
        raise UsageError("--kube-version", f"{version!r} is not a version", fix) from None


def _plan(args: argparse.Namespace) -> tuple[Loaded, Plan]:
    """Return the plan of the spec's agent; its services are not those of the manifests."""
    loaded = _spec.load_spec(args)
    loaded = replace(loaded, spec=replace(loaded.spec, services=None, compose=()))
    plan, _ = _spec.plan_of(loaded, load_regions(args.regions), Path())
    problem = left_out(has_relay=plan.relay is not None)
    if problem and problem.rule.id not in args.ignore:
        print(findings_text([problem.at("sidecar.yaml", "relay")]), file=sys.stderr)
    return loaded, plan


def _require(make: Callable[[], Additions], loaded: Loaded) -> None:
    """Raise SidecarError, with the line that gave the field, for what no pod can be given."""
    try:
        make()
    except SidecarError as error:
        raise loaded.placed(error) from error


def _check_names(choice: Choice, report: Report) -> None:
    """Raise SidecarError for a workload that is named and not there."""
    for given in (*choice.services, *choice.excluded):
        if problem := named(given, report.names):
            raise SidecarError.from_problem(given, problem)
