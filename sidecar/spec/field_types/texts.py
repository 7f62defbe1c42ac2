"""Types of text: free, or judged by a rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.rules import agents
from sidecar.rules.specs import INVALID_VALUE
from sidecar.spec.scalars import Mistake, PatternText
from sidecar.spec.sources import shown

if TYPE_CHECKING:
    from sidecar.findings import Problem

ANY_TEXT = PatternText(
    r"[^\x00]*",
    "text",
    "Give text",
    (Mistake(r"\x00", "contains a NUL character", "Remove it"),),
)

VERSION = PatternText(
    agents.VERSION_PATTERN,
    "a version",
    f"Give one such as {agents.DEFAULT_VERSION}",
    judge=lambda _: None,
)
"""Judged where the kind is known."""

_RULE = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_RULES = "docs/checks.md lists the ids"


def _not_ignorable(text: str) -> Problem | None:
    # few specs ignore a rule, and the catalogue imports them all
    from sidecar.rules import catalogue  # noqa: PLC0415

    if not re.fullmatch(_RULE, text):
        return INVALID_VALUE.problem(f"{shown(text)} is not a rule's id", _RULES)
    return next(iter(catalogue.not_ignorable([text])), None)


RULE = PatternText(_RULE, "a rule's id", _RULES, judge=_not_ignorable)
