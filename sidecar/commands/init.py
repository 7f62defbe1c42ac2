from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.commands._findings import ignored_ids
from sidecar.commands._overlay import stack_of
from sidecar.errors import UsageError
from sidecar.findings import without
from sidecar.init import questions, report, writing
from sidecar.init.proposal import Answers, from_stack, plain
from sidecar.regions import find_region, gateway_of, load_regions
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from sidecar.init.proposal import Proposal
    from sidecar.regions import Region


def run(args: argparse.Namespace) -> int:
    """Propose a spec, then write, print or compare it; return 1 where there is nothing to trace."""
    ids = ignored_ids(args)
    writes = not (args.dry_run or args.diff)
    if writes and not args.force:
        writing.check_free(args.out)
        writing.check_schema_free(args.out)
    proposal = _without(_checked_proposal(args), ids)
    if not proposal.text:
        as_json = args.output == "json"
        refused = report.as_json(proposal, args.out, written=False) if as_json else ""
        print(refused or report.findings_text(proposal).rstrip("\n"))
        return 1
    changes = writing.diff(args.out, proposal.text) if args.diff else ""
    files = writing.files(args.out, proposal.text)
    if writes:
        writing.check_not_read(files, proposal.sources)
        writing.write(files)
    if args.output == "json":
        print(report.as_json(proposal, args.out, written=writes))
    elif writes:
        print(report.text(proposal, args.out, list(files)))
    else:
        print(report.findings_text(proposal, sys.stderr), end="", file=sys.stderr)
        print(mask(changes) if args.diff else proposal.text, end="")
    return 1 if changes else 0


def _without(proposal: Proposal, ids: list[str]) -> Proposal:
    """Return the proposal without the findings that are ignored."""
    if proposal.result is None:
        return proposal
    findings, ignored = without(proposal.result.findings, ids)
    result = replace(proposal.result, findings=tuple(findings), ignored=ignored)
    return replace(proposal, result=result)


def _checked_proposal(args: argparse.Namespace) -> Proposal:
    """Return the proposal. Raises SidecarError for a region that is unknown or lacks the host."""
    regions = load_regions(args.regions)
    if args.region:
        find_region(regions, args.region)
    proposal = _propose(args, regions)
    gateway_of(regions[proposal.region], proposal.network)
    return proposal


def _propose(args: argparse.Namespace, regions: Mapping[str, Region]) -> Proposal:
    sizes = {"spans_per_second": args.spans_per_second, "round_trip_ms": args.round_trip_ms}
    capacity = {key: size for key, size in sizes.items() if size}
    traced = tuple(args.service)
    answers = Answers(args.region or "", args.network or "", capacity, traced=traced)
    asks = _may_ask(args)
    if not args.compose:
        if traced:
            raise UsageError("--service", "names a service of a Compose file", "Give --from FILE")
        answers = questions.ask_all(answers, regions, args.out) if asks else answers
        return plain(answers, args.out)
    stack = stack_of(args.compose)
    folders = any(path.is_dir() for path in args.compose)
    given = stack.files if folders else [path for path in args.compose if path in stack.files]
    proposal = from_stack(stack, given, answers, regions, args.out)
    if proposal.region_is_known or not (asks and proposal.text):
        return proposal
    answers = replace(answers, region=questions.ask_region(regions))
    return from_stack(stack, given, answers, regions, args.out)


def _may_ask(args: argparse.Namespace) -> bool:
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return on_terminal and args.output == "text" and not (args.dry_run or args.diff)
