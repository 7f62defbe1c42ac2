"""Where each value of a spec came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from sidecar.spec.nodes import name_of
from sidecar.spec.paths import walk
from sidecar.spec.shapes import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.spec.values import Value


@dataclass(frozen=True)
class Origin:
    """A value and its source."""

    value: Any
    """As JSON-ready data."""
    source: str
    """FILE:LINE, a flag, a variable as $NAME, or "default"."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"value": self.value, "source": self.source}


def trace(merged: Value) -> dict[str, Origin]:
    """Return path → origin of everything given, and of the defaults outside of services, in the table's order."""
    given = dict(_given(merged, ""))
    found: dict[str, Origin] = {}
    for path, field in walk():
        section = isinstance(field.kind, Record)
        if "[]" not in path and not section:
            inside = {
                one: origin
                for one, origin in given.items()
                if one == path or one.startswith(f"{path}.")
            }
            found.update(inside or {path: Origin(field.default, "default")})
    return found


def _given(value: Value, path: str) -> Iterator[tuple[str, Origin]]:
    if isinstance(value.data, dict):
        for key, one in value.data.items():
            yield from _given(one, f"{path}.{key}" if path else key)
    elif isinstance(value.data, tuple) and any(name_of(one) for one in value.data):
        for one in value.data:
            yield from _given(one, f"{path}.{name_of(one)}")
    else:
        yield path, Origin(_plain(value), str(value.place))


def _plain(value: Value) -> Any:  # noqa: ANN401
    if isinstance(value.data, tuple):
        return [_plain(one) for one in value.data]
    if isinstance(value.data, dict):
        return {key: _plain(one) for key, one in value.data.items()}
    return (
        asdict(value.data)
        if is_dataclass(value.data) and not isinstance(value.data, type)
        else value.data
    )
