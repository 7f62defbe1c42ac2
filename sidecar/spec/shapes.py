"""Kinds that hold others: records with their fields, maps, lists, and a short form beside a long one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from sidecar.spec.kinds import Kind, Schema, Text
from sidecar.spec.nodes import entries, name_of
from sidecar.spec.values import BROKEN, Report, Source, Value, below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Built: TypeAlias = Any
Rule: TypeAlias = "Callable[[Mapping[str, Value], Report, str], None]"


@dataclass(frozen=True, eq=False, repr=False)
class Field:
    """One row of the table of fields."""

    name: str
    kind: Kind
    doc: str
    """One line."""
    default: Any = None
    """As a spec would say it; None: there is none, and `doc` says what then holds."""
    example: Any = None
    """As a spec would say it."""
    required: bool = False
    attribute: str = ""
    """The record's attribute, where it is not called as the field is."""
    flag: str = ""
    """The flag that says the same, where there is one."""
    from_environment: bool = True
    """Whether SIDECAR_<PATH> says the same; of scalars outside of services only."""


@dataclass(frozen=True, eq=False, repr=False)
class Record(Kind):
    """A map with known keys, built into a record."""

    make: Callable[..., Built]
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    """Exactly one of these is given; a later source's replaces an earlier one's."""
    rules: tuple[Rule, ...] = ()
    """What holds between fields; each sees the values that were given, BROKEN where one could not be read."""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return one field. Raises StopIteration for an unknown name."""
        return next(field for field in self.fields if field.name == name)

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the values by key."""
        values: dict[str, Value] = {}
        known = {field.name: field for field in self.fields}
        for key_node, key, value_node in entries(
            node, source, path, f"Give {', '.join(self.names)} below it"
        ):
            place = below(path, key)
            if key in known:
                values[key] = known[key].kind.read(value_node, source, place)
            else:
                source.fail(key_node, place, "is not known", self._nearest(key))
        return Value(values if isinstance(node, yaml.MappingNode) else BROKEN, source.place(node))

    def _nearest(self, key: str) -> str:
        near = difflib.get_close_matches(key, self.names, n=1)
        return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(self.names)}"

    def merge(self, base: Value, over: Value) -> Value:
        """Merge by key."""
        if BROKEN in (base.data, over.data):
            return over
        replaced = set(self.one_of) if set(self.one_of) & set(over.data) else set()
        values = {key: value for key, value in base.data.items() if key not in replaced}
        for key, value in over.data.items():
            values[key] = self.field(key).kind.merge(values[key], value) if key in values else value
        return Value(values, over.place)

    def build(self, value: Value, report: Report, path: str) -> Built:
        """Return the record, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = {
            field.attribute or field.name: field.kind.build(
                value.data[field.name], report, below(path, field.name)
            )
            for field in self.fields
            if field.name in value.data
        }
        complete = self._complete(value, report, path)
        for rule in self.rules:
            rule(value.data, report, path)
        return self.make(**built) if complete and BROKEN not in built.values() else BROKEN

    def _complete(self, value: Value, report: Report, path: str) -> bool:
        missing = [
            field.name for field in self.fields if field.required and field.name not in value.data
        ]
        if missing:
            report.fail(value.place, path, f"has no {missing[0]}", f"Give {', '.join(missing)}")
        given = [name for name in self.one_of if name in value.data]
        if self.one_of and not given:
            report.fail(
                value.place, path, f"has neither {' nor '.join(self.one_of)}", "Give one of them"
            )
        if len(given) > 1:
            report.fail(
                value.data[given[1]].place,
                path,
                f"has both {' and '.join(given)}",
                "Keep one of them",
            )
        return not missing and (not self.one_of or len(given) == 1)

    def schema(self) -> Schema:
        """Return a closed object."""
        schema: Schema = {
            "type": "object",
            "properties": {field.name: _described(field) for field in self.fields},
            "additionalProperties": False,
        }
        if required := [field.name for field in self.fields if field.required]:
            schema["required"] = required
        if self.one_of:
            schema["oneOf"] = [{"required": [name]} for name in self.one_of]
        return schema

    def takes(self) -> str:
        """Return that it is a map; its fields are rows of their own."""
        return f"a map with {' or '.join(self.one_of)}" if self.one_of else "a map"


@dataclass(frozen=True, eq=False, repr=False)
class MapOf(Kind):
    """A map with keys of the user's."""

    key: Text
    value: Kind
    fix: str

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the values by key."""
        values: dict[str, Value] = {}
        for key_node, key, value_node in entries(node, source, path, self.fix):
            if self.key.read(key_node, source, path).data is not BROKEN:
                values[key] = self.value.read(value_node, source, below(path, key))
        return Value(values if isinstance(node, yaml.MappingNode) else BROKEN, source.place(node))

    def merge(self, base: Value, over: Value) -> Value:
        """Merge by key."""
        return (
            over
            if BROKEN in (base.data, over.data)
            else Value({**base.data, **over.data}, over.place)
        )

    def build(self, value: Value, report: Report, path: str) -> Built:
        """Return a dictionary, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = {
            key: self.value.build(one, report, below(path, key)) for key, one in value.data.items()
        }
        return BROKEN if BROKEN in built.values() else built

    def schema(self) -> Schema:
        """Return an object with named keys."""
        names = {"pattern": self.key.schema()["pattern"]}
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self.value.schema(),
        }

    def takes(self) -> str:
        """Return both sides."""
        return f"a map of {self.key.what} to {self.value.takes()}"


@dataclass(frozen=True, eq=False, repr=False)
class ListOf(Kind):
    """A list; a later source's replaces an earlier one's, but entries with names are merged by name."""

    item: Kind
    least: int = 0
    named: bool = False
    rules: tuple[Callable[[tuple[Value, ...], Report, str], None], ...] = ()

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return the entries."""
        if not isinstance(node, yaml.SequenceNode) or len(node.value) < self.least:
            return source.fail(
                node,
                path,
                "is not a list" + (" with an entry" if self.least else ""),
                "Begin each entry with `- `",
            )
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
        at = {
            name: index for index, one in reversed(list(enumerate(items))) if (name := name_of(one))
        }
        for one in over.data:
            # taken out: a name that is doubled in one file must stay an error
            index = at.pop(name_of(one), None)
            if index is None:
                items.append(one)
            else:
                items[index] = self.item.merge(items[index], one)
        return Value(tuple(items), over.place)

    def build(self, value: Value, report: Report, path: str) -> Built:
        """Return a tuple, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = tuple(
            self.item.build(one, report, f"{path}[{index}]") for index, one in enumerate(value.data)
        )
        for rule in self.rules:
            rule(value.data, report, path)
        return BROKEN if any(one is BROKEN for one in built) else built

    def schema(self) -> Schema:
        """Return an array."""
        return {
            "type": "array",
            "items": self.item.schema(),
            **({"minItems": self.least} if self.least else {}),
        }

    def takes(self) -> str:
        """Return what an entry is."""
        return f"a list, each {self.item.takes()}"


@dataclass(frozen=True, eq=False, repr=False)
class Either(Kind):
    """A text in short, or a map in full."""

    text: Kind
    full: Kind

    def read(self, node: yaml.Node, source: Source, path: str) -> Value:
        """Return what the form's own kind reads."""
        return (self.full if isinstance(node, yaml.MappingNode) else self.text).read(
            node, source, path
        )

    def build(self, value: Value, report: Report, path: str) -> Built:
        """Return what the form's own kind builds."""
        return (self.full if isinstance(value.data, dict) else self.text).build(value, report, path)

    def schema(self) -> Schema:
        """Return both forms."""
        return {"anyOf": [self.text.schema(), self.full.schema()]}

    def takes(self) -> str:
        """Return both forms."""
        return f"{self.text.takes()}, or {self.full.takes()}"


def _described(field: Field) -> Schema:
    notes: Schema = {"title": field.name.replace("_", " "), "description": field.doc}
    if field.default is not None:
        notes["default"] = field.default
    if field.example is not None:
        notes["examples"] = [field.example]
    return {**field.kind.schema(), **notes}
