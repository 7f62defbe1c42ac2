"""Usual mistakes in text of any kind, each with words of its own."""

from __future__ import annotations

from sidecar.spec.scalars import Mistake

PRINTED = r"[^\x00-\x1f\x7f]"

BLANK = Mistake(r"\s", "contains a space or a line break", "Remove it")
_VALUE = "Write the value itself"
EXPANDED = Mistake(r"\$\{?\w", "contains a variable, and a spec expands none", _VALUE)
BRACES = Mistake(r"\{\{|\}\}|\{%", "contains template braces, and a spec expands nothing", _VALUE)
FOREIGN = Mistake(r"[^\x00-\x7f]", "contains letters outside ASCII", "Use a-z, 0-9 and -")
HOME = Mistake(
    r"^~",
    "begins with ~, which differs between users",
    "Give an absolute path, or one that begins with ./",
)
