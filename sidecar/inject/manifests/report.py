"""What became of the workloads: a line for each that matters, and all of them as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.console import findings_data, findings_text, masked
from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.inject.manifests.documents import Outcome

_TOUCHED = ("added", "updated", "unchanged", "removed")


@dataclass
class Report:
    """Collects the outcomes of a run; each is said when it is known."""

    say: Callable[[str], object]
    whole: bool = False
    """Keep every outcome, for JSON; otherwise only their numbers, whatever the stream's size."""
    ignored: frozenset[str] = frozenset()
    """Ids of findings that are not said."""
    counts: Counter[str] = field(default_factory=Counter)
    entries: list[dict[str, Any]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Of the workloads, while they may be needed."""
    missed: int = 0
    """Workloads that were to be traced, and are not."""

    def observe(self, outcome: Outcome) -> None:
        """Take one outcome in."""
        self.counts[outcome.done] += 1
        self.names.add(outcome.name)
        skip = outcome.skip
        self.missed += bool(skip and skip.wanted)
        found = [one for one in _findings(outcome) if one.id not in self.ignored]
        if found:
            self.say(findings_text(found))
        if self.whole:
            self.entries.append(_entry(outcome))

    @property
    def touched(self) -> int:
        """Return how many workloads have the kit's agent now, or had it."""
        return sum(self.counts[done] for done in _TOUCHED)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "ok": not self.missed,
            "counts": dict(sorted(self.counts.items())),
            "workloads": self.entries,
        }


def _findings(outcome: Outcome) -> Iterator[Finding]:
    if outcome.skip and not outcome.skip.quiet:
        problem = outcome.skip.problem
        subject = f"{outcome.kind} {outcome.name}"
        if problem:
            yield problem.at(subject, outcome.place)
        else:
            yield Finding(Severity.OK, subject, outcome.place, outcome.skip.cause)
    yield from outcome.findings


def _entry(outcome: Outcome) -> dict[str, Any]:
    skip = outcome.skip
    entry = {
        "place": outcome.place,
        "document": outcome.document,
        "kind": outcome.kind,
        "name": outcome.name,
        "namespace": outcome.namespace,
        "done": outcome.done,
        "why": skip.cause if skip else "",
        "id": skip.problem.rule.id if skip and skip.problem else "",
    }
    return {**masked(entry), "findings": findings_data(outcome.findings)}
