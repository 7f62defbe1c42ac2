"""Ways through the table of fields: every field with its path, and the variables of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.spec.fields import SPEC
from sidecar.spec.shapes import Either, Field, ListOf, MapOf, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.spec.kinds import Kind


def walk(record: Record = SPEC, path: str = "") -> Iterator[tuple[str, Field]]:
    """Yield (path, field) of every field, sections before what is in them; a list's entries are at `path[]`."""
    for field in record.fields:
        place = f"{path}.{field.name}" if path else field.name
        yield place, field
        inner, suffix = _inside(field.kind)
        if inner:
            yield from walk(inner, place + suffix)


def _inside(kind: Kind) -> tuple[Record | None, str]:
    if isinstance(kind, ListOf):
        inner, suffix = _inside(kind.item)
        return inner, f"[]{suffix}"
    if isinstance(kind, Either):
        return _inside(kind.full)
    return (kind if isinstance(kind, Record) else None), ""


def variable_of(path: str, field: Field) -> str | None:
    """Return the environment's variable for a field: named after its flag where there is one, else after its path."""
    scalar = not isinstance(field.kind, (Record, ListOf, MapOf, Either))
    if not scalar or "[]" in path or path.count(".") > 1 or not field.from_environment:
        return None
    return "SIDECAR_" + (field.flag.strip("-") or path.replace(".", "_")).upper().replace("-", "_")


def variables() -> dict[str, tuple[str, Field]]:
    """Return variable → (path, field)."""
    named = ((variable_of(path, field), path, field) for path, field in walk())
    return {name: (path, field) for name, path, field in named if name}
