"""Shows what preflight found: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sidecar.console import colour, masked, width, wrapped
from sidecar.preflight.records import ERROR, OK, SKIPPED, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.preflight.records import Outcome, Result

_STYLES = {OK: "ok", WARNING: "warning", ERROR: "error", SKIPPED: "dim"}
_COUNTED = ((ERROR, "failed", False), (WARNING, "warning", True), (SKIPPED, "not checked", False))
_MARK = max(map(len, _STYLES))


def as_json(outcome: Outcome) -> str:
    """Return the outcome as JSON."""
    candidate = outcome.candidate
    data = {
        "ok": outcome.ok,
        "target": candidate.target,
        "region": candidate.region,
        "gateway": str(candidate.agent.gateway),
        "seconds": outcome.seconds,
        "skipped": len(outcome.of(SKIPPED)),
        "checks": [result.as_dict() for result in outcome.results],
    }
    return json.dumps(masked(data), indent=2)


def as_text(outcome: Outcome, columns: int | None = None) -> str:
    """Return the results by category, then the verdict."""
    wide = columns or width()
    lines: list[str] = []
    category = ""
    for result in outcome.results:
        if result.category != category:
            category = result.category
            lines.append(colour(category, "bold"))
        lines += _shown(result, wide)
    return "\n".join([*lines, "", _verdict(outcome, wide)])


def _shown(result: Result, columns: int) -> Iterator[str]:
    mark = result.severity.ljust(_MARK)
    rule = f" [{result.id}]" if result.id else ""
    text = masked(f"{result.check}: {result.subject}: {result.cause}{rule}")
    folded = _wrapped(text, columns, f"  {mark}  ")
    style = _STYLES[result.severity]
    shown = folded.replace(result.severity, colour(result.severity, style), 1)
    yield shown.removesuffix(rule) + colour(rule, "dim") if shown.endswith(rule) else shown
    if result.fix and result.severity != OK:
        yield _wrapped(masked(result.fix), columns, " " * (_MARK + 4))


def _wrapped(text: str, columns: int, start: str = "") -> str:
    return wrapped(text, columns, start, " " * (len(start) + 2))


def _verdict(outcome: Outcome, columns: int) -> str:
    candidate = outcome.candidate
    about = f"{candidate.target}, {candidate.region} ({candidate.agent.gateway})"
    counts = [
        f"{len(found)} {name}{'s' if plural and len(found) > 1 else ''}"
        for severity, name, plural in _COUNTED
        if (found := outcome.of(severity))
    ]
    listed = f": {', '.join(counts)}" if counts else ""
    if not outcome.ok:
        return colour(_wrapped(f"not ready for {about}{listed}", columns), "error")
    if outcome.of(SKIPPED) or outcome.failing:
        text = f"ready for {about}, as far as could be checked{listed}"
        return colour(_wrapped(text, columns), "warning")
    return colour(_wrapped(f"ready for {about}{listed}", columns), "ok")
