"""Findings: what validate and verify return, and the two observers (text, JSON) that show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """How much a finding matters: only an error makes a command exit 1."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


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

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON-ready data."""
        return {**asdict(self), "severity": self.severity.value}

    def __str__(self) -> str:
        about = [part for part in (self.place, self.subject, self.cause) if part]
        return ": ".join(about) + (f". {self.fix}" if self.fix else "")


def failed(findings: list[Finding]) -> bool:
    """Tell whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
