"""Shows a proof: as text for people, as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from sidecar.console import colour, table, width
from sidecar.rules.hops import DROPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.hops import Hop, Proof

_MARKS = {True: ("ok", "ok"), False: ("FAIL", "error"), None: ("?", "warning")}
_SHOWN = {DROPPED: "dropped silently"}
"""Reason, a key of the JSON report → its text."""


def as_json(proof: Proof) -> str:
    """Return the proof as JSON."""
    return json.dumps(proof.as_dict(), indent=2)


def as_text(proof: Proof, columns: int | None = None) -> str:
    """Return the hops as a table, then the verdict with the first failure's cause and fix."""
    rows = [(hop.service, hop.hop, _figure(hop), _MARKS[hop.ok][0]) for hop in proof.hops]
    lines = table(("SERVICE", "HOP", "COUNT", "RESULT"), rows, columns).splitlines()
    parts = [*(_painted(line) for line in lines), "", *_verdict(proof, columns or width())]
    return "\n".join(parts)


def _painted(line: str) -> str:
    for text, style in _MARKS.values():
        if line.endswith(f" {text}"):
            return line.removesuffix(text) + colour(text, style)
    return line


def _figure(hop: Hop) -> str:
    if hop.figure is None:
        return "-"
    marked = hop.figure if hop.expected is None else min(hop.figure, hop.expected)
    parts = [f"{marked} of {hop.expected} {hop.unit}"]
    parts += [f"{count} {_SHOWN.get(reason, reason)}" for reason, count in hop.counts.items()]
    if hop.figure > marked:
        parts.append(f"{hop.figure - marked} unmarked")
    return ", ".join(parts)


def _verdict(proof: Proof, columns: int) -> Iterator[str]:
    failure = proof.first_failure
    unknown = next((hop for hop in proof.hops if hop.ok is None), None)
    if failure:
        text = f"not proven: {failure.service}, {failure.hop}: {failure.cause}"
        yield _with_id(text, failure.id, "error", columns)
        if failure.fix:
            yield _wrapped(failure.fix, columns, indent="  ")
    elif unknown:
        fix = f"{unknown.fix}: {', '.join(proof.trace_ids)}"
        text = f"proven as far as the agents: {unknown.cause}. {fix}"
        yield _with_id(text, unknown.id, "warning", columns)
    else:
        yield colour("proven: every marked span arrived", "ok")
    for note in proof.notes:
        yield colour(_wrapped(note, columns), "dim")


def _with_id(text: str, rule: str, style: str, columns: int) -> str:
    """Return a wrapped sentence with the rule's id, dimmed, at its end."""
    mark = f"[{rule}]"
    folded = _wrapped(f"{text} {mark}", columns)
    return colour(folded.removesuffix(mark), style) + colour(mark, "dim")


def _wrapped(text: str, columns: int, indent: str = "") -> str:
    return textwrap.fill(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent="  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
