from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sidecar.checks import deployment as checks
from sidecar.checks.charts import check_chart
from sidecar.checks.folders import check_others
from sidecar.checks.spec import check_spec
from sidecar.checks.stacks import agent_left_out, left_out
from sidecar.commands import _files, _overlay, _spec
from sidecar.commands._findings import ignored_ids
from sidecar.console import findings_data, findings_text
from sidecar.errors import SidecarError, UsageError
from sidecar.findings import failed, without
from sidecar.regions import load_regions
from sidecar.rules.specs import UNREADABLE_FILE
from sidecar.spec.sources import SpecError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sidecar.findings import Finding
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec.load import Loaded


def run(args: argparse.Namespace) -> int:
    """Print the findings; return 1 if one is an error."""
    judged = _files_findings if args.paths else _findings
    findings, ignored, subject = judged(args, ignored_ids(args))
    if args.output == "json":
        data = {
            "ok": not failed(findings),
            "findings": findings_data(findings),
            "ignored": ignored,
        }
        print(json.dumps(data, indent=2))
    else:
        _print(findings, ignored, f"{subject}: valid")
    return 1 if failed(findings) else 0


def _findings(args: argparse.Namespace, ids: list[str]) -> tuple[list[Finding], int, str]:
    """Return the findings, how many were ignored, and what they are about.

    An error of the spec is a finding as well.
    """
    try:
        loaded, regions = _spec.load_spec(args), load_regions(args.regions)
        if loaded.spec.compose:
            return _stack_findings(args, loaded, regions, ids)
        plan, folder = _spec.plan_of(loaded, regions, args.out)
        rendering = _spec.rendering_of(loaded, plan, [args.target])
    except SidecarError as error:
        errors = error.errors if isinstance(error, SpecError) else (error,)
        return [checks.as_finding(each) for each in errors], 0, ""
    found = [
        *check_spec(loaded, plan, regions[plan.region]),
        *_of_rendering(loaded, plan, rendering, folder, args.target),
    ]
    spec = loaded.spec
    own = {f"services.{service.name}": service.ignore for service in spec.services or ()}
    findings, ignored = without(found, [*ids, *spec.ignore], own)
    return findings, ignored, f"{plan.region} ({plan.gateway.address})"


def _of_rendering(
    loaded: Loaded, plan: Plan, rendering: Rendering, folder: Path, target: str
) -> Iterator[Finding]:
    """Yield what is wrong with a rendering, with the folder that it goes to, and with its token."""
    yield from filter(None, (check_others(folder, loaded.files),))
    yield from checks.check_folder(rendering, folder)
    yield from checks.found_in(lambda: checks.check_fresh(rendering, folder), folder)
    if target == "helm":
        yield from check_chart(plan, loaded)
        return
    yield from left_out(loaded, plan)
    yield from checks.found_in(lambda: checks.check_token_file(plan, folder), folder)
    yield from checks.check_compose(rendering, folder)


def _stack_findings(
    args: argparse.Namespace, loaded: Loaded, regions: Mapping[str, Region], ids: list[str]
) -> tuple[list[Finding], int, str]:
    """Return the findings of a spec with `compose`, as `_findings` does: also those of inject."""
    if args.target == "helm":
        fix = "For a cluster, use `sidecar inject` with manifests"
        raise UsageError("--target helm", "is not for a spec with `compose`", fix)
    order = replace(_overlay.order_of(loaded, regions, args.out), ignore=tuple(ids))
    result, spec = _overlay.result_of(order), loaded.spec
    if (plan := result.plan) is None:
        return list(result.findings), result.ignored, ""
    found = [*check_spec(loaded, plan, regions[plan.region]), *agent_left_out(loaded)]
    if result.stack.out.is_file():
        found += checks.check_token_file(plan, result.stack.folder)
    for folder, texts in _overlay.renderings_of(result, plan).items():
        found += checks.check_folder(texts, folder)
        found += checks.found_in(partial(checks.check_fresh, texts, folder), folder)
    own = {f"services.{service.name}": service.ignore for service in spec.services or ()}
    findings, ignored = without(found, [*ids, *spec.ignore], own)
    subject = f"{result.stack.out}: {plan.region} ({plan.gateway.address})"
    return [*result.findings, *findings], ignored + result.ignored, subject


def _files_findings(args: argparse.Namespace, ids: list[str]) -> tuple[list[Finding], int, str]:
    """Return the findings of files that the user has, as `_findings` does."""
    if args.target == "helm" or args.out:
        fix = "Leave out the files, or these flags"
        raise UsageError("validate", "--target and --out are for a spec", fix)
    try:
        found = list(_files.findings_of(args.paths, load_regions(args.regions)))
    except UsageError:
        raise
    except SidecarError as error:
        return [checks.as_finding(error, UNREADABLE_FILE)], 0, ""
    findings, ignored = without(found, ids)
    return findings, ignored, ", ".join(map(str, args.paths))


def _print(findings: list[Finding], ignored: int, valid: str) -> None:
    text = findings_text(findings, ignored)
    if text:
        print(text)
    if not failed(findings):
        print(valid)
