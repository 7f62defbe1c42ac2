"""Shows a proof: text for people, JSON for programs; two observers of one report."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from sidecar.console import colour, table, width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.hops import Hop, Report

_MARKS = {True: ("ok", "ok"), False: ("FAIL", "error"), None: ("?", "warning")}


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(report.as_dict(), indent=2)


def as_text(report: Report, columns: int | None = None) -> str:
    """Return the hops as a table, then the verdict with the first failure's cause and fix."""
    rows = [(hop.service, hop.hop, _figure(hop), _MARKS[hop.ok][0]) for hop in report.hops]
    lines = table(("SERVICE", "HOP", "COUNT", "RESULT"), rows, columns).splitlines()
    coloured = [_painted(line) for line in lines]
    sentences = [*_verdict(report), *((note, "dim") for note in report.notes)]
    return "\n".join(
        [*coloured, "", *(_wrapped(text, style, columns) for text, style in sentences)]
    )


def _painted(line: str) -> str:
    for text, style in _MARKS.values():
        if line.endswith(f" {text}"):
            return line.removesuffix(text) + colour(text, style)
    return line


def _wrapped(text: str, style: str, columns: int | None) -> str:
    indent = "  " if text.startswith("  ") else ""
    size = columns or width()
    folded = textwrap.fill(
        text.strip(),
        size,
        initial_indent=indent,
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
    return colour(folded, style) if style else folded


def _figure(hop: Hop) -> str:
    if hop.figure is None:
        return "-"
    lost = "".join(f", {count} {reason}" for reason, count in hop.counts.items())
    marked = hop.figure if hop.expected is None else min(hop.figure, hop.expected)
    own = f", {hop.figure - marked} of others" if hop.figure > marked else ""
    return f"{marked} of {hop.expected} {hop.unit}{lost}{own}"


def _verdict(report: Report) -> Iterator[tuple[str, str]]:
    """Yield sentences, each with its style; an indented one belongs to the one before."""
    failure = report.first_failure
    unknown = next((hop for hop in report.hops if hop.ok is None), None)
    if failure:
        yield f"not proven: {failure.service}, {failure.hop}: {failure.cause}", "error"
        if failure.fix:
            yield f"  {failure.fix}", ""
    elif unknown:
        yield (
            f"proven as far as the agents: {unknown.cause}. {unknown.fix}: {', '.join(report.trace_ids)}",
            "warning",
        )
    else:
        yield "proven: every marked span arrived", "ok"
