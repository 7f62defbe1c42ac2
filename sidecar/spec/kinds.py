"""Kinds of scalar values: each reads itself and describes itself as JSON Schema.

One rule for text: what any version of YAML reads as something else (`no`, `1e3`, `0o777`, `12:30:45`, `0123`, a date)
is refused without quotes, since nobody can tell which of the two was meant.

The dataclasses here and in shapes have no __eq__ and no __repr__: nothing asks for them, and making them would be a
tenth of a render's start.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.errors import SidecarError
from sidecar.spec.values import Value, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.spec.values import Report, Source

Schema = dict[str, Any]
_OTHER = (
    r"(?ai:y|n|yes|no|on|off|true|false|null|~|[-+]?0o[0-7]+|[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?"
    r"|\d[\d_]*(:[0-5]?\d)+(\.\d*)?)"
)
"""What YAML 1.1 or 1.2 reads as a boolean, null or a number, and a parser of the other version as text."""


def is_text(node: yaml.Node) -> bool:
    """Tell whether every version of YAML reads the node as text."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
        return False
    return node.style in ("'", '"', "|", ">") or not re.fullmatch(_OTHER, node.value)


def is_null(node: yaml.Node) -> bool:
    """Tell whether the key has no value."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _not(source: Source, node: yaml.Node, path: str, what: str, fix: str) -> Value:
    shows = shown(node.value) if isinstance(node, yaml.ScalarNode) else "a list or map"
    return source.fail(node, path, f"{shows} is not {what}", fix)


@dataclass(frozen=True, eq=False, repr=False)
class Kind(ABC):
    """What a field takes. A scalar kind overrides read and schema; a container, merge and build as well."""

    @abstractmethod
    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return a node's value; an error goes to the source's report."""
        ...

    @abstractmethod
    def schema(self) -> Schema:
        """Return the kind as JSON Schema (draft 2020-12)."""
        ...

    @abstractmethod
    def takes(self) -> str:
        """Return what the field takes, in some words."""
        ...

    def merge(self, base: Value, over: Value) -> Value:  # noqa: ARG002 - containers look at it
        """Return what holds where a later source gives a value, too."""
        return over

    def build(self, value: Value, report: Report, path: str) -> Any:  # noqa: ANN401, ARG002
        """Return the record's value, or BROKEN."""
        return value.data


@dataclass(frozen=True, eq=False, repr=False)
class Hint:
    """One way to be wrong that deserves its own words."""

    pattern: str
    """Compiled when it is first needed: a start of the command needs few of them."""
    cause: str
    fix: str


@dataclass(frozen=True, eq=False, repr=False)
class Text(Kind):
    """Text of a pattern."""

    pattern: str
    what: str
    """With its article: "a name"."""
    fix: str
    hints: tuple[Hint, ...] = ()
    convert: Callable[[str], Any] = str
    """From the text to the record's value; raises ValueError or SidecarError where the pattern was not enough."""
    whole: Integer | None = None
    """Where given, a plain number serves as well: the pattern leaves no doubt about what was typed."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the text, converted."""
        if is_null(node):
            return source.fail(
                node, path, "has no value", f"Give {self.what}, or leave the key out"
            )
        if not is_text(node) and not (self.whole and isinstance(node, yaml.ScalarNode)):
            fix = "Put it in quotes" if isinstance(node, yaml.ScalarNode) else f"Give {self.what}"
            return _not(source, node, path, "text", fix)
        return self.check(str(node.value), node, source, path)

    def check(self, text: str, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the value of a text that stands at a node."""
        for hint in self.hints:
            if re.search(hint.pattern, text):
                return source.fail(node, path, f"{shown(text)} {hint.cause}", hint.fix)
        if not re.fullmatch(self.pattern, text):
            return source.fail(node, path, f"{shown(text)} is not {self.what}", self.fix)
        try:
            return Value(self.convert(text), source.place(node))
        except ValueError as error:
            return source.fail(node, path, f"{shown(text)} {error}", self.fix)
        except SidecarError as error:
            return source.fail(node, path, f"{shown(text)}: {error.cause}", error.fix)

    def schema(self) -> Schema:
        """Return a string with its pattern, or the number that serves as well."""
        text = {"type": "string", "pattern": f"^(?:{self.pattern})$"}
        return {"anyOf": [self.whole.schema(), text]} if self.whole else text

    def takes(self) -> str:
        """Return what it is."""
        return self.what


@dataclass(frozen=True, eq=False, repr=False)
class Choice(Kind):
    """One of some words."""

    choices: tuple[str, ...]

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the word."""
        if isinstance(node, yaml.ScalarNode) and node.value in self.choices:
            return Value(str(node.value), source.place(node))
        return _not(source, node, path, "known", f"Use {self.takes()}")

    def schema(self) -> Schema:
        """Return the words."""
        return {"enum": list(self.choices)}

    def takes(self) -> str:
        """Return the words."""
        return " or ".join(filter(None, (", ".join(self.choices[:-1]), self.choices[-1])))


@dataclass(frozen=True, eq=False, repr=False)
class Boolean(Kind):
    """True or false, in these words alone."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the boolean."""
        if (
            isinstance(node, yaml.ScalarNode)
            and node.value in ("true", "false")
            and node.style not in ("'", '"')
        ):
            return Value(node.value == "true", source.place(node))
        return _not(source, node, path, "true or false", "Write true or false, without quotes")

    def schema(self) -> Schema:
        """Return the type."""
        return {"type": "boolean"}

    def takes(self) -> str:
        """Return both words."""
        return "true or false"


@dataclass(frozen=True, eq=False, repr=False)
class Integer(Kind):
    """A whole number in decimal digits."""

    low: int
    high: int
    what: str
    hints: tuple[Hint, ...] = ()

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the number."""
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        quoted = isinstance(node, yaml.ScalarNode) and node.style in ("'", '"')
        right = (
            bool(re.fullmatch(r"0|[1-9][0-9]{0,8}", text)) and self.low <= int(text) <= self.high
        )
        if right and not quoted:
            return Value(int(text), source.place(node))
        fix = next((hint.fix for hint in self.hints if re.search(hint.pattern, text)), "")
        whole = f"Give a whole number from {self.low} to {self.high}"
        return _not(
            source, node, path, self.what, fix or ("Take its quotes off" if right else whole)
        )

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def takes(self) -> str:
        """Return the range."""
        return f"{self.low:,} to {self.high:,}"


@dataclass(frozen=True, eq=False, repr=False)
class Number(Kind):
    """A decimal number."""

    low: float
    high: float
    what: str

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the number, whole where it is."""
        text = (
            str(node.value)
            if isinstance(node, yaml.ScalarNode) and node.style not in ("'", '"')
            else ""
        )
        if (
            re.fullmatch(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?", text)
            and self.low <= float(text) <= self.high
        ):
            return Value(float(text) if "." in text else int(text), source.place(node))
        return _not(
            source,
            node,
            path,
            self.what,
            f"Give a number from {self.low:g} to {self.high:,.0f}, without quotes",
        )

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def takes(self) -> str:
        """Return the range."""
        return f"{self.low:g} to {self.high:,.0f}"
