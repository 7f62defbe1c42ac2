"""What is wrong with a canary, and what a comparison of an agent and a collector shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.findings import Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.findings import Problem

STATE_PORT = 14319
"""Where a copier shows its counts."""
AGREES = "canary agrees"
"""The hop: what both delivered, beside each other."""
MISSING, SURPLUS, CHANGED = "missing", "surplus", "changed"
"""Reasons for which spans are not equal."""
_SHOWN = 3
"""Spans that a cause names."""


def _error(rule: str, summary: str, fix: str, example: str, why: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


NEEDS_STAND_IN = _error(
    "canary-without-stand-in",
    "A canary would send to a real region.",
    "Try the canary with --region local; for the region, choose agent.kind alone",
    "region: cn-shanghai, agent: {canary: collector}",
    "The region would keep, show and bill each span twice, and nothing there compares the two.",
)
NOT_OF_TARGET = _error(
    "canary-not-of-target",
    "The target has no canary.",
    "Render it with --target compose or helm, or remove agent.canary",
    "sidecar render --target systemd with agent: {canary: collector}",
    "Only Compose files and the chart have the copier that gives both the same packets.",
)
SPANS_MISSING = _error(
    "canary-spans-missing",
    "The agent delivered spans that the collector did not.",
    "Look at the collector's counters and at the log of its container: NAME-canary, in a pod "
    "sidecar-canary",
    "200 spans by the agent, 198 by the collector",
    "After a switch to the collector, such spans would be lost.",
)
SPANS_SURPLUS = _error(
    "canary-spans-surplus",
    "The collector delivered spans that the agent did not.",
    "Look for what the agent lost: `sidecar verify` shows its hops above",
    "198 spans by the agent, 200 by the collector",
    "What only one of them has cannot be compared.",
)
SPANS_DIFFER = _error(
    "canary-spans-differ",
    "A span of the collector is not what a collector makes of the agent's.",
    "Compare the two: /api/traces/ID?via=jaeger and ?via=otlp of the stand-in; see docs/migrate.md",
    "a tag that the collector's own processor rewrites",
    "Searches, alerts and dashboards may not find the span by what changed.",
)
NOTHING_COMPARED = _error(
    "canary-compared-nothing",
    "No span came through the agent or the collector.",
    "Let the service report: `sidecar verify --request URL`",
    "a canary with --path-only whose agent does not run",
    "Without a span, nothing shows that the two are equal.",
)


@dataclass(frozen=True)
class Compared:
    """The outcome for the spans of one service."""

    equal: int
    missing: Sequence[str] = ()
    """Spans that only the agent delivered, as TRACE/SPAN; so below."""
    surplus: Sequence[str] = ()
    """Spans that only the collector delivered."""
    changed: Sequence[str] = ()
    """Spans with a field that differs, as TRACE/SPAN FIELD."""

    @property
    def counts(self) -> dict[str, int]:
        """Reason → spans that are not equal."""
        spans = {each.partition(" ")[0] for each in self.changed}
        found = {MISSING: len(self.missing), SURPLUS: len(self.surplus), CHANGED: len(spans)}
        return {reason: count for reason, count in found.items() if count}

    @property
    def total(self) -> int:
        """All spans of both."""
        return self.equal + sum(self.counts.values())


def region(*, is_local: bool) -> Problem | None:
    """Judge where a canary is to send."""
    if is_local:
        return None
    return NEEDS_STAND_IN.problem("is set, and the region is not local")


def target(name: str) -> Problem:
    """Return the problem of a target that has no canary."""
    return NOT_OF_TARGET.problem(f"is set, and {name} has no canary")


def rotation() -> Problem:
    """Return the problem of a token that is to be replaced while there is a canary."""
    fix = "Remove agent.canary, render again, and run `docker compose up --remove-orphans`"
    return NOT_OF_TARGET.problem("is set, and `sidecar token rotate` has no canary", fix)


def compared(found: Compared) -> Problem | None:
    """Judge what both delivered."""
    if not found.total:
        return NOTHING_COMPARED.problem("neither the agent nor the collector delivered a span")
    for spans, rule, words in (
        (found.missing, SPANS_MISSING, "came through the agent only"),
        (found.surplus, SPANS_SURPLUS, "came through the collector only"),
    ):
        if spans:
            return rule.problem(f"{_count(len(spans))} of {found.total} {words}: {_named(spans)}")
    if found.changed:
        count = _count(found.counts[CHANGED])
        return SPANS_DIFFER.problem(f"{count} of {found.total} differ: {_named(found.changed)}")
    return None


def _count(spans: int) -> str:
    return f"{spans:,} span{'' if spans == 1 else 's'}"


def _named(spans: Sequence[str]) -> str:
    more = ", …" if len(spans) > _SHOWN else ""
    return ", ".join(spans[:_SHOWN]) + more
