"""Types of fields that hold others: maps, lists, and a short form next to a long one."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from sidecar import yamlio
from sidecar.rules.specs import DUPLICATE_KEY, INVALID_KEY, INVALID_VALUE
from sidecar.spec.scalars import FieldType, PatternText, Schema
from sidecar.spec.sources import BROKEN, ErrorList, Source, Value, below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.findings import Problem

Built: TypeAlias = Any
Constraint: TypeAlias = "Callable[[tuple[Value, ...], ErrorList, str], None]"


_STANDARD = "tag:yaml.org,2002:"
_PLAIN = ("map", "seq", "str", "int", "float", "bool", "null", "merge")
_NO_NUMBER = (".inf", ".nan")
_AS_TEXT = "Put it in quotes, or write plain maps and lists"


def entries(
    node: yaml.Node, source: Source, path: str, fix: str
) -> Iterator[tuple[yaml.ScalarNode, str, yaml.Node]]:
    """Yield (key's node, key, value's node) of a map, each key once; report everything else."""
    if not isinstance(node, yaml.MappingNode):
        source.fail(node, path, INVALID_VALUE.problem("is not a map", fix))
        return
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            source.fail(key, path, INVALID_KEY.problem("has a key that is not text", fix))
        elif key.tag == "tag:yaml.org,2002:merge":
            cause = "is a merge key, which not every YAML parser reads"
            source.fail(key, below(path, "<<"), INVALID_KEY.problem(cause, "Write the keys out"))
        elif key.value in seen:
            source.fail(key, below(path, key.value), DUPLICATE_KEY.problem("is given twice"))
        else:
            seen.add(key.value)
            yield key, key.value, value


def name_of(value: Value) -> str:
    """Return the name of a list's entry; empty if it has none that could be read."""
    name = value.data.get("name") if isinstance(value.data, dict) else None
    return name.data if name and isinstance(name.data, str) else ""


@dataclass(frozen=True, eq=False, repr=False)
class MapOf(FieldType):
    """A map whose keys the user chooses."""

    key: PatternText
    value: FieldType
    fix: str

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the values by key."""
        values: dict[str, Value] = {}
        for key_node, key, value_node in entries(node, source, path, self.fix):
            if self.key.read(key_node, source, path).data is not BROKEN:
                values[key] = self.value.read(value_node, source, below(path, key))
        return Value(values if isinstance(node, yaml.MappingNode) else BROKEN, source.place(node))

    def merge(self, base: Value, over: Value) -> Value:
        """Merge by key, and so the maps that are its values."""
        if BROKEN in (base.data, over.data):
            return over
        both = base.data.keys() & over.data.keys()
        merged = {key: self.value.merge(base.data[key], over.data[key]) for key in both}
        return Value({**base.data, **over.data, **merged}, over.place)

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:
        """Return a dictionary, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = {
            key: self.value.build(item, errors, below(path, key))
            for key, item in value.data.items()
        }
        return BROKEN if BROKEN in built.values() else built

    def schema(self) -> Schema:
        """Return an object with named keys."""
        return {
            "type": "object",
            "propertyNames": {"pattern": self.key.schema()["pattern"]},
            "additionalProperties": self.value.schema(),
        }

    def takes(self) -> str:
        """Return both sides."""
        return f"a map of {self.key.what} to {self.value.takes()}"


@dataclass(frozen=True, eq=False, repr=False)
class ListOf(FieldType):
    """A list; a later source's list replaces an earlier one, but named entries merge by name."""

    item: FieldType
    least: int = 0
    named: bool = False
    constraints: tuple[Constraint, ...] = ()

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the entries."""
        if not isinstance(node, yaml.SequenceNode) or len(node.value) < self.least:
            cause = "is not a list" + (" with at least one entry" if self.least else "")
            problem = INVALID_VALUE.problem(cause, "Begin each entry with `- `")
            return source.fail(node, path, problem)
        items = (
            self.item.read(child, source, f"{path}[{index}]")
            for index, child in enumerate(node.value)
        )
        return Value(tuple(items), source.place(node))

    def merge(self, base: Value, over: Value) -> Value:
        """Replace, or merge by name."""
        if not self.named or BROKEN in (base.data, over.data):
            return over
        items: list[Value] = list(base.data)
        positions = _positions(items)
        for entry in over.data:
            # taken out: a name that is doubled in one file must stay an error
            index = positions.pop(name_of(entry), None)
            if index is None:
                items.append(entry)
            else:
                items[index] = self.item.merge(items[index], entry)
        return Value(tuple(items), over.place)

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:
        """Return a tuple, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = tuple(
            self.item.build(entry, errors, f"{path}[{index}]")
            for index, entry in enumerate(value.data)
        )
        for constraint in self.constraints:
            constraint(value.data, errors, path)
        return BROKEN if any(item is BROKEN for item in built) else built

    def schema(self) -> Schema:
        """Return an array."""
        schema: Schema = {"type": "array", "items": self.item.schema()}
        return {**schema, "minItems": self.least} if self.least else schema

    def takes(self) -> str:
        """Return what an entry is."""
        return f"a list, each {self.item.takes()}"


def _positions(items: list[Value]) -> dict[str, int]:
    """Return name → index of the first entry with that name."""
    positions: dict[str, int] = {}
    for index, entry in enumerate(items):
        if name := name_of(entry):
            positions.setdefault(name, index)
    return positions


def _is_plain(node: yaml.Node, source: Source, path: str) -> bool:
    """Tell whether data is what JSON can hold, and so the API; report everything else."""
    problems = [(each, problem) for each in yamlio.nodes(node) if (problem := _not_plain(each))]
    for each, problem in problems:
        source.fail(each, path, problem)
    return not problems


def _not_plain(node: yaml.Node) -> Problem | None:
    kind = node.tag.removeprefix(_STANDARD)
    if kind == "float" and node.value.strip("+-").lower() in _NO_NUMBER:
        return INVALID_VALUE.problem("holds a number that JSON lacks", _AS_TEXT)
    if kind not in _PLAIN:
        cause = f"holds a value of the type {kind[:40]!r}, which JSON lacks"
        return INVALID_VALUE.problem(cause, _AS_TEXT)
    keys = [key for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []
    if any(key.tag.removeprefix(_STANDARD) not in ("str", "merge") for key in keys):
        return INVALID_KEY.problem("has a key that is not text", _AS_TEXT)
    return None


@dataclass(frozen=True, eq=False, repr=False)
class Data(FieldType):
    """A map of any data: the settings of another program, which judges them itself."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the data, with strings as keys."""
        if not isinstance(node, yaml.MappingNode):
            problem = INVALID_VALUE.problem("is not a map", "Give keys and values below it")
            return source.fail(node, path, problem)
        if not _is_plain(node, source, path):
            return Value(BROKEN, source.place(node))
        return Value(MappingProxyType(yamlio.construct(node, path)), source.place(node))

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:  # noqa: ARG002
        """Return the data, or BROKEN."""
        return value.data if value.data is BROKEN else dict(value.data)

    def merge(self, base: Value, over: Value) -> Value:  # noqa: ARG002 - as of any type
        """Replace: what is laid over what must stay clear."""
        return over

    def schema(self) -> Schema:
        """Return an open object."""
        return {"type": "object"}

    def takes(self) -> str:
        """Return that it is data."""
        return "a map of the program's own keys"


@dataclass(frozen=True, eq=False, repr=False)
class DataList(FieldType):
    """A list of maps of any data, which another program judges."""

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the maps."""
        items = node.value if isinstance(node, yaml.SequenceNode) else [None]
        if not all(isinstance(item, yaml.MappingNode) for item in items):
            problem = INVALID_VALUE.problem("is not a list of maps", "Give one map per `-`")
            return source.fail(node, path, problem)
        if not _is_plain(node, source, path):
            return Value(BROKEN, source.place(node))
        # a list, and not a tuple: its items are data, and no values with places
        return Value([yamlio.construct(item, path) for item in items], source.place(node))

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:  # noqa: ARG002
        """Return the maps, or BROKEN."""
        return value.data if value.data is BROKEN else list(value.data)

    def schema(self) -> Schema:
        """Return a list of open objects."""
        return {"type": "array", "items": {"type": "object"}}

    def takes(self) -> str:
        """Return that it is data."""
        return "a list of maps, as in Kubernetes"


@dataclass(frozen=True, eq=False, repr=False)
class Either(FieldType):
    """A short text, or a map in full."""

    text: FieldType
    full: FieldType

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return what the form's own type reads."""
        form = self.full if isinstance(node, yaml.MappingNode) else self.text
        return form.read(node, source, path)

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:
        """Return what the form's own type builds."""
        form = self.full if isinstance(value.data, dict) else self.text
        return form.build(value, errors, path)

    def schema(self) -> Schema:
        """Return both forms."""
        return {"anyOf": [self.text.schema(), self.full.schema()]}

    def takes(self) -> str:
        """Return both forms."""
        return f"{self.text.takes()}, or {self.full.takes()}"
