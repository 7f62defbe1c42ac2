"""Where each value of a spec came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sidecar.spec.containers import name_of
from sidecar.spec.sections import Section
from sidecar.spec.table import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.spec.sources import Value

DEFAULT = "default"
"""The source of a value that no file, variable or flag gives."""


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
    """Return path → origin of all given values, and of the defaults outside of services.

    They are in the order of the table.
    """
    given = dict(_given(merged, ""))
    found: dict[str, Origin] = {}
    for path, field in walk():
        if "[]" in path or isinstance(field.type, Section):
            continue
        inside = {
            inner: origin
            for inner, origin in given.items()
            if inner == path or inner.startswith(f"{path}.")
        }
        found.update(inside or {path: Origin(field.default, DEFAULT)})
    return found


def _given(value: Value, path: str) -> Iterator[tuple[str, Origin]]:
    if isinstance(value.data, dict):
        for key, child in value.data.items():
            yield from _given(child, f"{path}.{key}" if path else key)
    elif isinstance(value.data, tuple) and any(name_of(entry) for entry in value.data):
        for entry in value.data:
            yield from _given(entry, f"{path}.{name_of(entry)}")
    else:
        yield path, Origin(_plain(value), str(value.place))


def _plain(value: Value) -> Any:  # noqa: ANN401
    data = value.data
    if isinstance(data, tuple):
        return [_plain(entry) for entry in data]
    if isinstance(data, MappingProxyType):  # another program's settings
        return dict(data)
    if isinstance(data, dict):
        return {key: _plain(child) for key, child in data.items()}
    if is_dataclass(data) and not isinstance(data, type):
        return asdict(data)
    return data
