"""Data of a spec → a commented sidecar.yaml.

Docs and defaults come from the table of fields; values are dumped as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.spec.containers import ListOf, MapOf
from sidecar.spec.fields import SPEC
from sidecar.spec.fields.service import SERVICE
from sidecar.spec.sections import Section
from sidecar.spec.stacks import NOT_OF_STACKS, OF_SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.spec.sections import Field

    Line = tuple[str, str]
    """YAML, and the comment after it."""

SCHEMA_FILE = "sidecar.schema.json"
"""Next to the spec: what `sidecar schema` prints. An editor checks with it, without a network."""
_HEADER = f"""# yaml-language-server: $schema={SCHEMA_FILE}
# A spec of the sidecar kit: `sidecar render --file {{name}}` renders it.
# A commented key shows its default, or an example if it has none. Remove the `# ` to set it.
"""
_COLUMN = 44
_SHORT = 90
"""A list up to this long is written on one line."""


def document(data: Mapping[str, Any], name: str) -> str:
    """Return sidecar.yaml with each field: those in `data` set, the others as comments."""
    parts = [_HEADER.format(name=name)]
    exists = "compose" in data
    for field in SPEC.fields:
        value = data.get(field.name)
        if field.name in (NOT_OF_STACKS if exists else ("compose",)):
            continue  # the two kinds of a spec exclude each other's fields
        if field.name == "services":
            lines = _services(value or (), field, OF_SERVICES if exists else SERVICE.names)
        else:
            lines = _field(field, value)
        parts.append("".join(f"{_commented(line)}\n" for line in lines))
    return "\n".join(parts)


def _commented(line: Line) -> str:
    text, doc = line
    return f"{text.ljust(_COLUMN)}  # {doc}" if doc else text


def _field(field: Field, value: Any) -> Iterator[Line]:  # noqa: ANN401
    """Yield a top-level field: set where it has a value, else as a comment."""
    if value is None:
        yield from (_comment(line, 0) for line in _example(field))
    elif not isinstance(field.type, Section):
        yield f"{field.name}: {flow(value)}", field.doc
    else:
        yield f"{field.name}:", field.doc
        for child in field.type.fields:
            if child.name in value:
                yield f"  {child.name}: {flow(value[child.name])}", child.doc
            else:
                yield from (_comment(line, 2) for line in _example(child))


def _services(
    services: Sequence[Mapping[str, Any]], field: Field, names: Sequence[str]
) -> Iterator[Line]:
    if not services:
        yield from _example_service(field)
        return
    yield f"{field.name}:", field.doc
    for index, service in enumerate(services):
        first, *rest = _entries(service, 2)
        yield f"  - {first.lstrip()}", ""
        yield from ((line, "") for line in rest)
        if index == 0:
            given = {*service, *SERVICE.one_of, "sampling"}
            yield from (_comment(line, 4) for line in _example(SERVICE.field("sampling")))
            others = [name for name in names if name not in given]
            yield f"    # also: {', '.join(others)}; see docs/spec.md", ""


def _example_service(field: Field) -> Iterator[Line]:
    yield f"# {field.name}:", field.doc
    fields = [child for child in SERVICE.fields if child.name not in SERVICE.one_of[1:]]
    lines = [line for child in fields for line in _example(child)]
    for index, (text, doc) in enumerate(lines):
        yield f"#   {'- ' if index == 0 else '  '}{text}", doc


def _comment(line: Line, indent: int) -> Line:
    return f"{' ' * indent}# {line[0]}", line[1]


def _example(field: Field, level: int = 0) -> Iterator[Line]:
    """Yield a field as an example; of fields that exclude each other, the first."""
    indent = "  " * level
    if not isinstance(field.type, Section):
        yield f"{indent}{field.name}: {flow(_shown(field))}", field.doc
        return
    yield f"{indent}{field.name}:", field.doc
    for child in field.type.fields:
        if child.name not in field.type.one_of[1:]:
            yield from _example(child, level + 1)


def _shown(field: Field) -> Any:  # noqa: ANN401
    if isinstance(field.type, ListOf | MapOf):
        return field.example
    return field.example if field.default in (None, "") else field.default


def _entries(data: Mapping[str, Any], level: int) -> Iterator[str]:
    """Yield a map in block style; short lists are on their key's line."""
    indent = "  " * level
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{flow(key)}:"
            yield from _entries(value, level + 1)
        elif isinstance(value, list) and len(flow(value)) > _SHORT:
            yield f"{indent}{flow(key)}:"
            yield from (f"{indent}  - {flow(item)}" for item in value)
        else:
            yield f"{indent}{flow(key)}: {flow(value)}"


def flow(value: Any) -> str:  # noqa: ANN401
    """Return a value on one line; a word is unquoted where every YAML reads it as text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return yamlio.flow(value)
