"""Shows a proof: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.console import colour, table, width, wrapped
from sidecar.rules.queues import WAITS
from sidecar.verify.hops import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.hops import Hop, Proof

_MARKS = {True: ("ok", "ok"), False: ("FAIL", "error"), None: ("?", "warning")}
_WAITS = ("WAITS", "warning")


def as_json(proof: Proof) -> str:
    """Return the proof as JSON."""
    return json.dumps(proof.as_dict(), indent=2)


def as_text(proof: Proof, columns: int | None = None) -> str:
    """Return the hops as a table, then the verdict with the first failure's cause and fix."""
    rows = [(_subject(hop), hop.hop, _figure(hop), _mark(hop)[0]) for hop in proof.hops]
    lines = table(("SERVICE", "HOP", "COUNT", "RESULT"), rows, columns).splitlines()
    parts = [*(painted(line) for line in lines), "", *_verdict(proof, columns or width())]
    return "\n".join(parts)


def _subject(hop: Hop) -> str:
    return f"{hop.service} ({hop.replica})" if hop.replica else hop.service


def _mark(hop: Hop) -> tuple[str, str]:
    return _WAITS if hop.state == WAITS else _MARKS[hop.ok]


def painted(line: str) -> str:
    """Return a line of a table with its result in colour."""
    for text, style in (*_MARKS.values(), _WAITS):
        if line.endswith(f" {text}"):
            return line.removesuffix(text) + colour(text, style)
    return line


def _figure(hop: Hop) -> str:
    if hop.figure is None:
        return "-"
    if hop.hop == REPORTS:
        lost = [f"{count} {reason}" for reason, count in hop.counts.items()]
        return ", ".join((f"{hop.figure} {hop.unit}", *lost))
    marked = hop.figure if hop.expected is None else min(hop.figure, hop.expected)
    parts = [f"{marked} of {hop.expected} {hop.unit}"]
    parts += [f"{count} {reason}" for reason, count in hop.counts.items()]
    if hop.figure > marked:
        parts.append(f"{hop.figure - marked} unmarked")
    return ", ".join(parts)


def _verdict(proof: Proof, columns: int) -> Iterator[str]:
    unknown = next((hop for hop in proof.hops if hop.ok is None), None)
    if failures := _failures(proof):
        for failure, *same in failures:
            verdict = "not proven yet" if failure.state == WAITS else "not proven"
            subjects = ", ".join(dict.fromkeys(map(_subject, (failure, *same))))
            text = f"{verdict}: {subjects}, {failure.hop}: {failure.cause}"
            yield _with_id(text, failure.id, _mark(failure)[1], columns)
            if failure.fix:
                yield wrapped(failure.fix, columns, indent="  ")
    elif unknown:
        fix = f"{unknown.fix}: {', '.join(proof.trace_ids)}"
        text = f"proven as far as the agents: {unknown.cause}. {fix}"
        yield _with_id(text, unknown.id, "warning", columns)
    elif any(hop.ok for hop in proof.hops):
        own = any(hop.hop == REPORTS and hop.ok for hop in proof.hops)
        more = ", and the services report" if own else ""
        yield colour(f"proven: every marked span arrived{more}", "ok")
    for warning in proof.warnings:
        yield _with_id(f"{warning.subject}: {warning.cause}", warning.id, "warning", columns)
        yield wrapped(warning.fix, columns, indent="  ")
    for note in proof.notes:
        yield colour(wrapped(note, columns), "dim")


def _failures(proof: Proof) -> list[list[Hop]]:
    """Return the first failure of each path, and all of the services themselves, by cause."""
    failed = [hop for hop in proof.hops if hop.ok is False]
    paths: dict[str, Hop] = {}
    for hop in failed:
        paths.setdefault(_subject(hop), hop)
    causes: dict[tuple[str, str, str], list[Hop]] = {}
    for hop in failed:
        if hop.hop == REPORTS or paths[_subject(hop)] is hop:
            causes.setdefault((hop.hop, hop.id, hop.cause), []).append(hop)
    return list(causes.values())


def _with_id(text: str, rule: str, style: str, columns: int) -> str:
    """Return a wrapped sentence with the rule's id, dimmed, at its end."""
    mark = f"[{rule}]"
    folded = wrapped(f"{text} {mark}", columns)
    return colour(folded.removesuffix(mark), style) + colour(mark, "dim")
