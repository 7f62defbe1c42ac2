"""Sections of a spec: maps with known keys, each key a field, built into a record."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from sidecar.rules.specs import CONFLICTING_VALUES, MISSING_KEY, UNKNOWN_KEY
from sidecar.spec.containers import entries
from sidecar.spec.scalars import FieldType, Schema
from sidecar.spec.sources import BROKEN, ErrorList, Source, Value, at, below, without

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.findings import Problem

Built: TypeAlias = Any
Constraint: TypeAlias = "Callable[[Mapping[str, Value], ErrorList, str], None]"


@dataclass(frozen=True, eq=False, repr=False)
class Field:
    """One row of the table of fields."""

    name: str
    type: FieldType
    doc: str
    """One line."""
    default: Any = None
    """As a spec would write it; None: there is none, and `doc` says what holds then."""
    example: Any = None
    """As a spec would write it."""
    required: bool = False
    attribute: str = ""
    """The record's attribute, if it has another name than the field."""
    flag: str = ""
    """The flag that sets the same, if there is one."""
    from_environment: bool = True
    """Whether SIDECAR_<PATH> sets the same; for scalars outside of services only."""


@dataclass(frozen=True, eq=False, repr=False)
class Section(FieldType):
    """A map with known keys, built into a record."""

    make: Callable[..., Built]
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()
    """At most one of these is given; a later source's replaces an earlier one's."""
    one_needed: bool = True
    """Whether one of them must be given."""
    replaced: tuple[str, ...] = ()
    """Dotted names that exclude each other: a later source's replaces an earlier one's."""
    fixes: tuple[tuple[str, str], ...] = ()
    """Keys that some expect here → what to do instead."""
    constraints: tuple[Constraint, ...] = ()
    """What must hold between fields.

    Each sees the values that were given, BROKEN for one that could not be read.
    """
    conditions: tuple[Schema, ...] = ()
    """The same as JSON Schemas, as far as a file alone decides it."""

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
        known = {field.name: field.type for field in self.fields}
        fix = f"Give {', '.join(self.names)} below it"
        for key_node, key, value_node in entries(node, source, path, fix):
            inner = below(path, key)
            if key in known:
                values[key] = known[key].read(value_node, source, inner)
            else:
                problem = UNKNOWN_KEY.problem("is not a known key", self._nearest(key))
                source.fail(key_node, inner, problem)
        return Value(values if isinstance(node, yaml.MappingNode) else BROKEN, source.place(node))

    def _nearest(self, key: str) -> str:
        if fix := dict(self.fixes).get(key):
            return fix
        near = difflib.get_close_matches(key, self.names, n=1)
        return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(self.names)}"

    def merge(self, base: Value, over: Value) -> Value:
        """Merge by key."""
        if BROKEN in (base.data, over.data):
            return over
        replaced = set(self.one_of) if set(self.one_of) & set(over.data) else set()
        values = {key: value for key, value in base.data.items() if key not in replaced}
        values = reduce(without, self._given_up(over.data), values)
        for key, value in over.data.items():
            known = key in values
            values[key] = self.field(key).type.merge(values[key], value) if known else value
        return Value(values, over.place)

    def _given_up(self, over: Mapping[str, Value]) -> list[str]:
        """Return the names of `replaced` that a later source does not give, if it gives one."""
        others = [name for name in self.replaced if at(over, name) is None]
        return others if len(others) < len(self.replaced) else []

    def build(self, value: Value, errors: ErrorList, path: str) -> Built:
        """Return the record, or BROKEN."""
        if value.data is BROKEN:
            return BROKEN
        built = {}
        for field in self.fields:
            if field.name in value.data:
                given, inner = value.data[field.name], below(path, field.name)
                built[field.attribute or field.name] = field.type.build(given, errors, inner)
        complete = self._complete(value, errors, path)
        for constraint in self.constraints:
            constraint(value.data, errors, path)
        return self.make(**built) if complete and BROKEN not in built.values() else BROKEN

    def _complete(self, value: Value, errors: ErrorList, path: str) -> bool:
        """Report what is missing; tell whether nothing is, and nothing excludes another."""
        needed = [field.name for field in self.fields if field.required]
        missing = [name for name in needed if name not in value.data]
        if missing:
            problem = MISSING_KEY.problem(f"has no {missing[0]}", f"Give {', '.join(missing)}")
            errors.fail(value.place, path, problem)
        return self._exclusive(value, errors, path) and not missing

    def _exclusive(self, value: Value, errors: ErrorList, path: str) -> bool:
        """Report fields that exclude each other; tell whether there is one where one is needed."""
        given = [name for name in self.one_of if name in value.data]
        needed = self.one_needed and bool(self.one_of)
        if needed and not given:
            errors.fail(value.place, path, neither(self.one_of))
        if len(given) > 1:
            cause = f"has both {' and '.join(given)}"
            errors.fail(value.data[given[1]].place, path, CONFLICTING_VALUES.problem(cause))
        return len(given) == 1 or not (given or needed)

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
            schema |= exactly_one(self.one_of) if self.one_needed else _at_most_one(self.one_of)
        if self.conditions:
            schema["allOf"] = list(self.conditions)
        return schema

    def takes(self) -> str:
        """Return that it is a map; its fields are rows of their own."""
        return f"a map with {' or '.join(self.one_of)}" if self.one_of else "a map"


def neither(names: tuple[str, ...]) -> Problem:
    """Return the problem of a map that has none of the keys of which one is needed."""
    return MISSING_KEY.problem(f"has neither {' nor '.join(names)}", "Give one of them")


def exactly_one(names: tuple[str, ...]) -> Schema:
    """Return the schema of a map that has one of some keys."""
    return {"oneOf": [{"required": [name]} for name in names]}


def _at_most_one(names: tuple[str, ...]) -> Schema:
    return {"not": {"required": list(names)}}


def _described(field: Field) -> Schema:
    notes: Schema = {"title": field.name.replace("_", " "), "description": field.doc}
    if field.default is not None:
        notes["default"] = field.default
    if field.example is not None:
        notes["examples"] = [field.example]
    return {**field.type.schema(), **notes}
