"""Data as the text of a manifest: on one line, or as a block at an indent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from sidecar import yamlio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json: TypeAlias = Any
"""JSON-ready data of any shape."""
_SHORT = 88
"""A collection that fits stands on one line."""
_TOP_LISTS = ("args", "ports", "volumeMounts")
"""Lists with an item on each line."""


class Fixed(dict[str, Json]):
    """Data that goes into many documents and does not change: its text is made once."""

    def __init__(self, data: Mapping[str, Json]) -> None:
        super().__init__(data)
        self._item_lines: dict[int, list[str]] = {}
        self._flow: dict[bool, str] = {}

    def item_lines(self, step: int) -> list[str]:
        """Return the data as an item of a list."""
        if step not in self._item_lines:
            self._item_lines[step] = list(_item(dict(self), step))
        return self._item_lines[step]

    def flow(self, *, as_json: bool) -> str:
        """Return the data on one line."""
        if as_json not in self._flow:
            self._flow[as_json] = flow(dict(self), as_json=as_json)
        return self._flow[as_json]


def flow(value: Json, *, as_json: bool = False) -> str:
    """Return data on one line: as JSON, or as YAML with plain words where they can be."""
    if isinstance(value, Fixed):
        return value.flow(as_json=as_json)
    if as_json:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        inner = (f"{flow(key)}: {flow(item)}" for key, item in value.items())
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return yamlio.flow(value)


def block(value: Json, indent: str, step: int) -> list[str]:
    """Return data as the lines of a block, without their ends."""
    return [indent + line for line in _lines(value, step)]


def _lines(value: Json, step: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pair(key, inner, step)
    else:
        for item in value:
            yield from item.item_lines(step) if isinstance(item, Fixed) else _item(item, step)


def _pair(key: str, value: Json, step: int) -> Iterator[str]:
    line = f"{flow(key)}: {flow(value)}"
    collection = isinstance(value, (dict, list)) and value
    if not collection or (len(line) <= _SHORT and key not in _TOP_LISTS):
        yield line
        return
    yield f"{flow(key)}:"
    yield from block(value, " " * step, step)


def _item(value: Json, step: int) -> Iterator[str]:
    line = flow(value)
    if not isinstance(value, dict) or len(line) <= _SHORT:
        yield f"- {line}"
        return
    first, *others = _lines(value, step)
    yield f"- {first}"
    yield from (f"  {line}" for line in others)
