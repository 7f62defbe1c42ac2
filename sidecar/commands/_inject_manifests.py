"""`sidecar inject` for Kubernetes manifests."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _manifests, _spec
from sidecar.console import say
from sidecar.errors import SidecarError, UsageError
from sidecar.existing.manifests.config_maps import ConfigMaps
from sidecar.inject.manifests import documents
from sidecar.inject.manifests.choose import Choice, check_selector
from sidecar.regions import load_regions
from sidecar.rules.manifests import named
from sidecar.targets.helm.values import SECRET
from sidecar.targets.manifests import AGENT, additions

if TYPE_CHECKING:
    import argparse

    from sidecar.inject.manifests.report import Report
    from sidecar.plan import Plan

NATIVE_SINCE = (1, 29)


def run(args: argparse.Namespace, head: bytes) -> int:
    """Write manifests with agents; `head` is what was read of standard input."""
    _manifests.check(args)
    check_selector(args.selector or "")
    native = is_native(args.kube_version)
    plan = _plan(args)
    added = additions(plan, args.secret or SECRET, native=native)
    choice = Choice(
        services=tuple(args.service),
        excluded=tuple(args.excluded),
        selector=args.selector or "",
        opt_in=args.opt_in,
        replace=tuple(args.replace),
        native=native,
    )
    transform = partial(documents.inject, choice=choice, additions=added, config_maps=ConfigMaps())
    report = _manifests.run(args, head, transform, partial(_check_names, choice))
    counts = report.counts
    say(
        f"{report.touched} of {sum(counts.values())} workloads have an agent for "
        f"{plan.gateway.address}, with the token of Secret {args.secret or SECRET}"
    )
    if args.diff:
        return 1 if counts["added"] or counts["updated"] else 0
    return 1 if args.strict and report.missed else 0


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


def _plan(args: argparse.Namespace) -> Plan:
    """Return the plan of the spec's agent; its services are not those of the manifests."""
    loaded = _spec.load_spec(args)
    loaded = replace(loaded, spec=replace(loaded.spec, services=None, compose=()))
    plan, _ = _spec.plan_of(loaded, load_regions(args.regions), Path())
    kind = plan.services[0].agent.kind
    if kind != AGENT:
        fix = f"Set `agent: {{kind: {AGENT}}}`"
        raise SidecarError("agent.kind", f"inject does not add a {kind} to manifests", fix)
    return plan


def _check_names(choice: Choice, report: Report) -> None:
    """Raise SidecarError for a workload that is named and not there."""
    for given in (*choice.services, *choice.excluded):
        if problem := named(given, report.names):
            raise SidecarError.from_problem(given, problem)
