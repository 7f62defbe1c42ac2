"""`sidecar verify --pre`: checks what is to run, as the arguments name it, and reports."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.arguments._preflight import refuse_others
from sidecar.commands import _overlay, _spec, _target
from sidecar.console import say
from sidecar.errors import SidecarError, UsageError
from sidecar.kubernetes.pods import INSTANCE
from sidecar.preflight import candidates, report
from sidecar.preflight.records import CHECKS
from sidecar.preflight.run import preflight, wait_for
from sidecar.regions import load_regions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.preflight.records import Candidate
    from sidecar.regions import Region
    from sidecar.spec.load import Loaded


def run(args: argparse.Namespace) -> int:
    """Check what is to run, and print the report; return 1 if a check fails."""
    refuse_others(args)
    only = _checked(args.only or ())
    candidate = _candidate(args)
    outcome = wait_for(candidate, only, args.wait, say) if args.wait else preflight(candidate, only)
    print(report.as_json(outcome) if args.output == "json" else report.as_text(outcome))
    return 0 if outcome.ok else 1


def _checked(only: tuple[str, ...]) -> tuple[str, ...]:
    known = dict.fromkeys([*CHECKS, *(category for category, _ in CHECKS.values())])
    for name in only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}"
            raise UsageError("--only", "names no check", fix)
    return only


def _candidate(args: argparse.Namespace) -> Candidate:
    regions = load_regions(args.regions)
    kubectl = _target.kubectl_of(args) if _in_cluster(args) else None
    if args.region or args.file or os.environ.get("SIDECAR_REGION"):
        return _planned(args, regions, kubectl)
    if args.network:
        fix = "Give --region ID or --file sidecar.yaml as well"
        raise UsageError("--network", "says nothing about what is rendered", fix)
    if args.target == "process":
        fix = "Give --region ID or --file sidecar.yaml"
        raise UsageError("--target process", "has no rendered folder to read", fix)
    if kubectl:
        _target.target_of(args)  # refuses one without a release
        selector = args.selector or f"{INSTANCE}={args.release}"
        return candidates.of_release(kubectl, selector, args.image or "", regions)
    fix = "Give --region ID, --file sidecar.yaml or --out FOLDER"
    return candidates.of_folder(_target.compose_folder(args, fix), regions)


def _of_stack(loaded: Loaded, regions: Mapping[str, Region], kubectl: Kubectl | None) -> Candidate:
    """Return a stack with its overlay: what else runs is in the user's files."""
    if kubectl:
        fix = "Leave --file out, or what names a cluster"
        raise UsageError("--file", "a spec with `compose` is not for a cluster", fix)
    stack = _overlay.order_of(loaded, regions).stack
    if not stack.out.is_file():
        raise SidecarError(str(stack.out), "is not there", "Run `sidecar render` first")
    rate = loaded.spec.capacity.spans_per_second
    return replace(candidates.of_folder(stack.folder, regions), spans_per_second=rate)


def _in_cluster(args: argparse.Namespace) -> bool:
    return args.target == "kubernetes" or bool(args.release or args.selector)


def _planned(
    args: argparse.Namespace, regions: Mapping[str, Region], kubectl: Kubectl | None
) -> Candidate:
    loaded = _spec.load_spec(args)
    if loaded.spec.compose:
        return _of_stack(loaded, regions, kubectl)
    plan, folder = _spec.plan_of(loaded, regions, args.out)
    rate = loaded.spec.capacity.spans_per_second
    target = "kubernetes" if kubectl else args.target or "compose"
    planned = candidates.of_plan(plan, folder, rate, regions, target)
    if kubectl is None:
        return planned
    image = args.image or planned.probe
    return replace(planned, kubectl=kubectl, probe=image, token_file=None)
