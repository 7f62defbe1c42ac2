"""Findings: what validate and verify return, and the two observers (text, JSON) that show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(str, Enum):
    """How much a finding matters: only an error makes a command exit 1."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Rule:
    """One thing that a check looks for, described once; docs/checks.md is generated from these."""

    id: str
    """Kebab-case and stable: users name it in `ignore`."""
    severity: Severity
    summary: str
    """What is wrong, as one sentence."""
    why: str
    """What happens to the user's spans or token if it stays."""
    fix: str
    """What the user can do; the default of a problem's fix."""
    example: str = ""
    """Input that breaks the rule."""

    def problem(self, cause: str, fix: str | None = None) -> Problem:
        """Return this rule as broken by one value."""
        return Problem(self, cause, self.fix if fix is None else fix)

    def finding(self, subject: str, place: str, cause: str, fix: str | None = None) -> Finding:
        """Return this rule as broken by one value at a known place."""
        return self.problem(cause, fix).at(subject, place)


@dataclass(frozen=True)
class Problem:
    """A rule that a value breaks; whoever read the value adds where it was."""

    rule: Rule
    cause: str
    fix: str

    def at(self, subject: str, place: str) -> Finding:
        """Return the finding for the subject and place that the value was read from."""
        rule = self.rule
        return Finding(rule.severity, subject, place, self.cause, self.fix, rule.id)


@dataclass(frozen=True)
class Finding:
    """One problem or one proof."""

    severity: Severity
    subject: str
    """What it is about, e.g. "frontend" or "gateway"."""
    place: str
    """Where: FILE:LINE, a field's path, or a hop."""
    cause: str
    fix: str = ""
    id: str = ""
    """The rule's id; empty for a proof."""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return {**asdict(self), "severity": self.severity.value}

    def __str__(self) -> str:
        about = [part for part in (self.place, self.subject, self.cause) if part]
        return ": ".join(about) + (f". {self.fix}" if self.fix else "")


def without(
    findings: Iterable[Finding],
    ids: Iterable[str],
    below: Mapping[str, Iterable[str]] | None = None,
) -> tuple[list[Finding], int]:
    """Return the findings that stay when these rules are ignored, and how many do not.

    `below` has ids that are ignored only for a subject, such as "services.web", and its fields.
    An error always stays.
    """
    every, ignored = list(findings), set(ids)
    parts = {path: set(own) for path, own in (below or {}).items()}
    kept = [finding for finding in every if not _is_ignored(finding, ignored, parts)]
    return kept, len(every) - len(kept)


def _is_ignored(finding: Finding, ids: set[str], below: Mapping[str, set[str]]) -> bool:
    if finding.severity is Severity.ERROR:
        return False
    if finding.id in ids:
        return True
    # a name has no dots: the subject is the path, or one of its fields
    path = ".".join(finding.subject.split(".")[:2])
    return finding.id in below.get(path, ())


def failed(findings: list[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
