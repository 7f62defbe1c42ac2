"""`sidecar verify --pre`: from the arguments to what is to run, and to the report."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.commands import _spec
from sidecar.console import say
from sidecar.errors import UsageError
from sidecar.preflight import candidates, report
from sidecar.preflight.records import CHECKS
from sidecar.preflight.run import preflight, wait_for
from sidecar.regions import load_regions

if TYPE_CHECKING:
    import argparse

    from sidecar.preflight.records import Candidate


def run(args: argparse.Namespace) -> int:
    """Check what is to run, and print the report; return 1 if a check fails."""
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
    if args.region or args.file or os.environ.get("SIDECAR_REGION"):
        loaded = _spec.load_spec(args)
        plan, folder = _spec.plan_of(loaded, regions, args.out)
        rate = loaded.spec.capacity.spans_per_second
        return candidates.of_plan(plan, folder, rate, regions, args.target or "compose")
    folder = args.out or Path()
    if not (folder / "docker-compose.yml").is_file():
        fix = "Give --region ID, --file sidecar.yaml or --out FOLDER"
        raise UsageError(str(folder), "holds no docker-compose.yml", fix)
    return candidates.of_folder(folder, regions)
