"""Shows a proof: text for people, JSON for programs; two observers of one report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.console import colour, table

if TYPE_CHECKING:
    from sidecar.verify.hops import Hop, Report

_MARKS = {True: ("ok", "ok"), False: ("FAIL", "error"), None: ("?", "warning")}


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(report.as_dict(), indent=2)


def as_text(report: Report) -> str:
    """Return the hops as a table, then the verdict with the first failure's cause and fix."""
    rows = [(hop.service, hop.hop, _figure(hop), _MARKS[hop.ok][0]) for hop in report.hops]
    lines = table(("SERVICE", "HOP", "COUNT", ""), rows).splitlines()
    coloured = [_painted(line) for line in lines]
    return "\n".join([*coloured, "", *_verdict(report), *report.notes])


def _painted(line: str) -> str:
    for text, style in _MARKS.values():
        if line.endswith(f" {text}"):
            return line.removesuffix(text) + colour(text, style)
    return line


def _figure(hop: Hop) -> str:
    if hop.figure is None:
        return "-"
    lost = "".join(f", {count} {reason}" for reason, count in hop.counts.items())
    marked = hop.figure if hop.expected is None else min(hop.figure, hop.expected)
    others = hop.figure - marked
    own = f", {others} of the service's own" if others else ""
    return f"{marked} of {hop.expected} {hop.unit}{lost}{own}"


def _verdict(report: Report) -> list[str]:
    failure = report.first_failure
    if failure:
        first = f"not proven: {failure.service}, {failure.hop}: {failure.cause}"
        return [colour(first, "error"), *([f"  {failure.fix}"] if failure.fix else [])]
    unknown = [hop for hop in report.hops if hop.ok is None]
    if unknown:
        ids = ", ".join(report.trace_ids)
        return [f"proven as far as the agents: {unknown[0].cause}. {unknown[0].fix}: {ids}"]
    return [colour("proven: every marked span arrived", "ok")]
