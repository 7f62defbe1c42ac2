"""Types of scalar fields: each reads a value and describes itself as JSON Schema.

There is one rule for text: what any version of YAML reads as something else (`no`, `1e3`, `0o777`,
`12:30:45`, `0123`, a date) is refused without quotes, because nobody can tell which was meant.

The dataclasses here, in containers and in sections have no __eq__ and no __repr__: nothing uses
them, and making them would take a tenth of the start-up time of `sidecar render`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.rules.specs import INVALID_VALUE, UNQUOTED_TEXT
from sidecar.spec.sources import Value, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.findings import Problem
    from sidecar.spec.sources import ErrorList, Source

Schema = dict[str, Any]
_NOT_ALWAYS_TEXT = (
    r"(?ai:y|n|yes|no|on|off|true|false|null|~"
    r"|[-+]?0o[0-7]+|[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?"
    r"|\d[\d_]*(:[0-5]?\d)+(\.\d*)?)"
)
"""What YAML 1.1 or 1.2 reads as a boolean, null or a number, and the other version as text."""


def is_text(node: yaml.Node) -> bool:
    """Tell whether every version of YAML reads the node as text."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        return False
    return node.style in ("'", '"', "|", ">") or not re.fullmatch(_NOT_ALWAYS_TEXT, node.value)


def is_null(node: yaml.Node) -> bool:
    """Tell whether the key has no value."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _plain(node: yaml.Node) -> str:
    """Return the text of a scalar without quotes; empty for any other node."""
    if isinstance(node, yaml.ScalarNode) and node.style not in ("'", '"'):
        return str(node.value)
    return ""


@dataclass(frozen=True, eq=False, repr=False)
class FieldType(ABC):
    """What a field takes. A scalar type overrides read and schema; a container the others, too."""

    @abstractmethod
    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return a node's value; an error goes to the source's list."""
        ...

    @abstractmethod
    def schema(self) -> Schema:
        """Return the type as JSON Schema (draft 2020-12)."""
        ...

    @abstractmethod
    def takes(self) -> str:
        """Return what the field takes, in some words."""
        ...

    def merge(self, base: Value, over: Value) -> Value:  # noqa: ARG002 - containers look at it
        """Return what holds if a later source gives a value, too."""
        return over

    def build(self, value: Value, errors: ErrorList, path: str) -> Any:  # noqa: ANN401, ARG002
        """Return the record's value, or BROKEN."""
        return value.data


@dataclass(frozen=True, eq=False, repr=False)
class Mistake:
    """A usual mistake that has its own words."""

    pattern: str
    """Compiled when it is first needed: a start of the command needs few of them."""
    cause: str
    fix: str


@dataclass(frozen=True, eq=False, repr=False)
class PatternText(FieldType):
    """Text that matches a pattern."""

    pattern: str
    what: str
    """With its article: "a name"."""
    fix: str
    mistakes: tuple[Mistake, ...] = ()
    convert: Callable[[str], Any] = str
    """From the text to the record's value; raises ValueError if the pattern was not enough."""
    judge: Callable[[str], Problem | None] | None = None
    """The rule that decides; the pattern is then for the schema only."""
    number: Integer | Number | None = None
    """A plain number that the field takes, too: the pattern leaves no doubt about what it means."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the text, converted."""
        if is_null(node):
            fix = f"Give {self.what}, or remove the key"
            return source.fail(node, path, INVALID_VALUE.problem("has no value", fix))
        if not isinstance(node, yaml.ScalarNode):
            return source.fail(node, path, _not_a(node, "text", f"Give {self.what}"))
        text = str(node.value)
        if problem := self.problem(text):  # first: quotes would not help
            return source.fail(node, path, problem)
        if not is_text(node) and not self.number:
            cause = f"{shown(text)} is not text"
            return source.fail(node, path, UNQUOTED_TEXT.problem(cause))
        try:
            return Value(self.convert(text), source.place(node))
        except ValueError as error:
            problem = INVALID_VALUE.problem(f"{shown(text)} {error}", self.fix)
            return source.fail(node, path, problem)

    def problem(self, text: str) -> Problem | None:
        """Return why a text is none of these; None where it is."""
        for mistake in self.mistakes:
            if re.search(mistake.pattern, text):
                return INVALID_VALUE.problem(f"{shown(text)} {mistake.cause}", mistake.fix)
        if self.judge:
            return self.judge(text)
        if re.fullmatch(self.pattern, text):
            return None
        return INVALID_VALUE.problem(f"{shown(text)} is not {self.what}", self.fix)

    def schema(self) -> Schema:
        """Return a string with its pattern, or the number that the field takes, too."""
        text = {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        return {"anyOf": [self.number.schema(), text]} if self.number else text

    def takes(self) -> str:
        """Return what it is."""
        return self.what


@dataclass(frozen=True, eq=False, repr=False)
class Choice(FieldType):
    """One of some words."""

    choices: tuple[str, ...]

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the word."""
        if isinstance(node, yaml.ScalarNode) and node.value in self.choices:
            return Value(str(node.value), source.place(node))
        return source.fail(node, path, _not_a(node, "valid", f"Use {self.takes()}"))

    def schema(self) -> Schema:
        """Return the words."""
        return {"enum": list(self.choices)}

    def takes(self) -> str:
        """Return the words."""
        return " or ".join(filter(None, (", ".join(self.choices[:-1]), self.choices[-1])))


@dataclass(frozen=True, eq=False, repr=False)
class Boolean(FieldType):
    """True or false, in these words only."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the boolean."""
        if _plain(node) in ("true", "false"):
            return Value(_plain(node) == "true", source.place(node))
        fix = "Write true or false, without quotes"
        return source.fail(node, path, _not_a(node, "true or false", fix))

    def schema(self) -> Schema:
        """Return the type."""
        return {"type": "boolean"}

    def takes(self) -> str:
        """Return both words."""
        return "true or false"


@dataclass(frozen=True, eq=False, repr=False)
class Integer(FieldType):
    """A whole number in decimal digits."""

    low: int
    high: int
    what: str
    mistakes: tuple[Mistake, ...] = ()

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the number."""
        if self._holds(_plain(node)):
            return Value(int(_plain(node)), source.place(node))
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        return source.fail(node, path, _not_a(node, self.what, self._fix(text)))

    def _holds(self, text: str) -> bool:
        digits = re.fullmatch(r"0|[1-9][0-9]{0,8}", text)
        return bool(digits) and self.low <= int(text) <= self.high

    def _fix(self, text: str) -> str:
        for mistake in self.mistakes:
            if re.search(mistake.pattern, text):
                return mistake.fix
        if self._holds(text):
            return "Remove the quotes"
        return f"Give a whole number from {self.low} to {self.high}"

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def takes(self) -> str:
        """Return the range."""
        return f"{self.low:,} to {self.high:,}"


@dataclass(frozen=True, eq=False, repr=False)
class Number(FieldType):
    """A decimal number."""

    low: float
    high: float
    what: str

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the number, as an integer if it is whole."""
        text = _plain(node)
        decimal = re.fullmatch(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,9})?", text)
        if decimal and self.low <= float(text) <= self.high:
            return Value(float(text) if "." in text else int(text), source.place(node))
        fix = f"Give a number from {self.low:g} to {self.high:,.0f}, without quotes"
        return source.fail(node, path, _not_a(node, self.what, fix))

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def takes(self) -> str:
        """Return the range."""
        return f"{self.low:g} to {self.high:,.0f}"


def _not_a(node: yaml.Node, what: str, fix: str) -> Problem:
    """Return the problem of a node that is not what its field takes."""
    given = shown(node.value) if isinstance(node, yaml.ScalarNode) else "a list or map"
    return INVALID_VALUE.problem(f"{given} is not {what}", fix)
