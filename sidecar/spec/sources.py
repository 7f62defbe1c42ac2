"""What the sources of a spec say: values with their places, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules.recognition import looks_like_token, mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml

    from sidecar.findings import Problem

BROKEN = object()
"""Stands for a value that could not be read; the error list has the reason."""
LONGEST_SHOWN = 60


@dataclass(frozen=True, eq=False, repr=False)
class Place:
    """Where a value was given: FILE:LINE, a variable ("$SIDECAR_NETWORK"), a flag, or "default"."""

    source: str
    line: int = 0
    """0: the source has no lines."""
    rank: int = 0
    """The source's place in the order of precedence; errors are reported in this order."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


@dataclass(frozen=True, eq=False, repr=False)
class Value:
    """A value and its place."""

    data: Any
    """What a field's type reads: a scalar, a tuple of Value, a dict of key → Value, or BROKEN."""
    place: Place


@dataclass(eq=False, repr=False)
class ErrorList:
    """Every error of one run."""

    _errors: list[tuple[Place, SidecarError]] = field(default_factory=list)

    def fail(self, place: Place, path: str, problem: Problem) -> None:
        """Keep the problem of the field at `path`; an empty path is the whole source."""
        subject = f"{place}: {path}" if path else str(place)
        self.add(place, SidecarError.from_problem(subject, problem))

    def add(self, place: Place, error: SidecarError) -> None:
        """Keep an error that knows its subject."""
        self._errors.append((place, error))

    def require_none(self) -> None:
        """Raise SpecError if there is an error, with all of them in the order of their places."""
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
    """One layer's source while its values are read."""

    name: str
    rank: int
    errors: ErrorList
    lines: bool = True

    def place(self, node: yaml.Node) -> Place:
        """Return the place of a node."""
        return Place(self.name, int(node.start_mark.line) + 1 if self.lines else 0, self.rank)

    def fail(self, node: yaml.Node, path: str, problem: Problem) -> Value:
        """Keep a problem and return the value that stands for what could not be read."""
        place = self.place(node)
        self.errors.fail(place, path, problem)
        return Value(BROKEN, place)


def at(values: Mapping[str, Value], name: str) -> Value | None:
    """Return the value at a dotted name; None where none was given."""
    first, _, rest = name.partition(".")
    value = values.get(first)
    if value is None or not rest:
        return value
    return at(value.data, rest) if isinstance(value.data, dict) else None


def without(values: Mapping[str, Value], name: str) -> dict[str, Value]:
    """Return values without the one at a dotted name, and without a map that it alone was in."""
    first, _, rest = name.partition(".")
    others = {key: value for key, value in values.items() if key != first}
    value = values.get(first)
    if value is None or not rest or not isinstance(value.data, dict):
        return others
    inner = without(value.data, rest)
    return {**others, first: Value(inner, value.place)} if inner else others


def below(path: str, key: str) -> str:
    """Return the path of a key, fit for a message: never with what may be a token."""
    name = short(mask(key if key.isprintable() else repr(key)))
    return f"{path}.{name}" if path else name


def short(text: str) -> str:
    """Return at most 60 characters."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def shown(text: str) -> str:
    """Return a text in quotes, on one line, at most 60 characters; never what may be a token."""
    return "what looks like a token" if looks_like_token(text) else short(repr(text))
