from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.checks import deployment as checks
from sidecar.checks.spec import Doubts
from sidecar.commands import _spec
from sidecar.console import colour
from sidecar.errors import SidecarError
from sidecar.findings import failed
from sidecar.regions import load_regions
from sidecar.spec.values import SpecError
from sidecar.targets import compose, helm

if TYPE_CHECKING:
    import argparse

    from sidecar.findings import Finding


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 where one is an error."""
    findings, subject = _findings(args)
    if args.output == "json":
        data = {"ok": not failed(findings), "findings": [finding.as_dict() for finding in findings]}
        print(json.dumps(data, indent=2))
    else:
        print(_text(findings, f"{subject}: valid"))
    return 1 if failed(findings) else 0


def _findings(args: argparse.Namespace) -> tuple[list[Finding], str]:
    """Return the findings and what they are about; what cannot be planned is a finding, too."""
    try:
        loaded, regions = _spec.load_spec(args), load_regions(args.regions)
        plan, folder = _spec.plan_of(loaded, regions, args.out)
        rendering = (helm if args.target == "helm" else compose).render(plan)
    except SidecarError as error:
        errors = error.errors if isinstance(error, SpecError) else (error,)
        return [checks.as_finding(one) for one in errors], ""
    if args.target == "helm":
        of_target = checks.check_chart(plan)
    else:
        of_token = checks.looked_into(lambda: checks.check_token_file(plan, folder), folder)
        of_target = [*of_token, *checks.check_compose(rendering, folder)]
    findings = [
        *Doubts(loaded, plan, regions[plan.region]).all(),
        *checks.check_folder(rendering, folder),
        *checks.looked_into(lambda: checks.check_fresh(rendering, folder), folder),
        *of_target,
    ]
    return findings, f"{plan.region} ({plan.gateway.address})"


def _text(findings: list[Finding], fine: str) -> str:
    lines = [
        f"{colour(finding.severity.value, finding.severity.value)}: {finding}"
        for finding in findings
    ]
    return "\n".join(lines if failed(findings) else [*lines, fine])
