"""The table of fields from outside: paths, variables, the JSON Schema and the page's Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar import __version__
from sidecar.spec.containers import Either, ListOf, MapOf
from sidecar.spec.fields import SPEC
from sidecar.spec.sections import Field, Section
from sidecar.spec.stacks import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.spec.scalars import FieldType

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def walk(section: Section = SPEC, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield (path, field) of every field, sections before their fields; entries are at `path[]`."""
    for field in section.fields:
        inner_path = f"{path}.{field.name}" if path else field.name
        yield inner_path, field
        inner, suffix = _inside(field.type)
        if inner:
            yield from walk(inner, inner_path + suffix)


def _inside(field_type: FieldType) -> tuple[Section | None, str]:
    if isinstance(field_type, ListOf):
        inner, suffix = _inside(field_type.item)
        return inner, f"[]{suffix}"
    if isinstance(field_type, Either):
        return _inside(field_type.full)
    return (field_type if isinstance(field_type, Section) else None), ""


def variable_of(path: str, field: Field) -> str | None:
    """Return the environment variable of a field: named after its flag, else after its path."""
    scalar = not isinstance(field.type, (Section, ListOf, MapOf, Either))
    if not scalar or "[]" in path or path.count(".") > 1 or not field.from_environment:
        return None
    return "SIDECAR_" + (field.flag.strip("-") or path.replace(".", "_")).upper().replace("-", "_")


def variables() -> dict[str, tuple[str, Field]]:
    """Return variable → (path, field)."""
    named = ((variable_of(path, field), path, field) for path, field in walk())
    return {name: (path, field) for name, path, field in named if name}


def spec_schema() -> dict[str, Any]:
    """Return the schema of a whole spec; an overlay may lack what it requires."""
    return {
        "$schema": DIALECT,
        "title": "sidecar.yaml",
        "description": f"What sidecar {__version__} renders. `region` alone is a whole spec.",
        **SPEC.schema(),
        **conditions(),
    }


def markdown() -> str:
    """Return the table of fields, as in docs/spec.md."""
    rows = ["| field | takes | default | what it is | variable |", "|---|---|---|---|---|"]
    for path, field in walk():
        default = "" if field.default is None else f"`{json.dumps(field.default)}`"
        variable = f"`{name}`" if (name := variable_of(path, field)) else ""
        needed = " (required)" if field.required else ""
        cells = (f"`{path}`{needed}", field.type.takes(), default, field.doc, variable)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
