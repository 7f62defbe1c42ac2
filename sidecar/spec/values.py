"""What is read, with the place that it was read from, and all that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    import yaml

BROKEN = object()
"""Stands for a value that could not be read; the report has the error."""


@dataclass(frozen=True, eq=False, repr=False)
class Place:
    """Where a value was given: a file with its line, a variable ("$SIDECAR_NETWORK"), a flag, or "default"."""

    source: str
    line: int = 0
    """0: the source has no lines."""
    rank: int = 0
    """The source's place in the order of precedence; errors are told in this order."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, eq=False, repr=False)
class Value:
    """A value and its place."""

    data: Any
    """What a kind reads: a scalar, a tuple of Value, a dict of key → Value, or BROKEN."""
    place: Place


@dataclass(eq=False, repr=False)
class Report:
    """Every error of one run."""

    _errors: list[tuple[Place, SidecarError]] = field(default_factory=list)

    def fail(self, place: Place, path: str, cause: str, fix: str) -> None:
        """Keep an error of the field at `path`; an empty path is the whole source."""
        self.add(place, SidecarError(f"{place}: {path}" if path else str(place), cause, fix))

    def add(self, place: Place, error: SidecarError) -> None:
        """Keep an error that knows its subject."""
        self._errors.append((place, error))

    def require_none(self) -> None:
        """Raise SpecError where there is an error, with all of them in the order of their places."""
        if self._errors:
            ordered = sorted(self._errors, key=lambda pair: (pair[0].rank, pair[0].line))
            raise SpecError([error for _, error in ordered])


class SpecError(SidecarError):
    """All errors of one spec."""

    def __init__(self, errors: list[SidecarError]) -> None:
        first = errors[0]
        super().__init__(first.subject, first.cause, first.fix, id=first.id)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """One layer's source, as its values are read."""

    name: str
    rank: int
    report: Report
    lines: bool = True

    def place(self, node: yaml.Node) -> Place:
        """Return the place of a node."""
        return Place(self.name, int(node.start_mark.line) + 1 if self.lines else 0, self.rank)

    def fail(self, node: yaml.Node, path: str, cause: str, fix: str) -> Value:
        """Keep an error and return the value that stands for what could not be read."""
        place = self.place(node)
        self.report.fail(place, path, cause, fix)
        return Value(BROKEN, place)


def below(path: str, key: str) -> str:
    """Return the path of a key, fit for a message."""
    name = short(key if key.isprintable() else repr(key))
    return f"{path}.{name}" if path else name


def short(text: str) -> str:
    """Return at most 60 characters."""
    return text if len(text) <= 60 else f"{text[:57]}..."


_TOKEN = re.compile(r"authentication\s*=|[^\s@]+@[^\s@]+@[^\s@]+", re.IGNORECASE)


def shown(text: str) -> str:
    """Return a text in quotes, on one line, at most 60 characters; never one that looks like a token."""
    return "what looks like a token" if _TOKEN.search(text) else short(repr(text))
