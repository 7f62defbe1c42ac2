"""Adds keys and items to a document's text, and keeps every other byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar.existing.manifests.nodes import (
    Alias,
    is_flow,
    is_null,
    is_text_block,
    leaf,
    own_pairs,
    resolved,
)
from sidecar.inject.manifests.cuts import Cutter
from sidecar.targets.manifests.text import block

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.targets.manifests.text import Json


class Editor(Cutter):
    """Adds keys and items, too. Raises SidecarError for a place that it cannot edit."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.list_offset = 0
        """By how much a list is indented below its key."""

    def add_pair(self, parent: Node, key: str, value: Json, before: str = "") -> None:
        """Add a key to a map, in front of another one, else where it can stand on its own lines."""
        if not isinstance(parent, yaml.MappingNode):
            raise self.uneditable(parent)
        if is_flow(parent):
            text = f"{self._flow(key)}: {self._flow(value)}"
            self._first_in_flow(parent, [key for key, _ in parent.value], text)
            return
        keys = own_pairs(parent)
        named = keys.get(before)
        own = [key for key, _ in parent.value if self._document.own_line(key)]
        indent = " " * parent.value[0][0].start_mark.column
        lines = self._pair_lines(parent, key, value, indent)
        if named and self._document.own_line(named.key):
            self._before(parent, named.key, lines)
        elif own:
            self._before(parent, own[0], lines)
        else:
            self._behind(parent, parent.value[-1][1], lines)

    def add_to_map(self, parent: Node, pair: Pair, data: dict[str, Json]) -> None:
        """Add keys in front of the map at another key, which may be empty."""
        target = resolved(pair.value)
        if is_null(target):
            self._fill(parent, pair, data)
            return
        if not isinstance(target, yaml.MappingNode):
            raise self.uneditable(pair.key)
        first = target.value[0][0] if target.value else None
        if is_flow(target) or first is None:
            text = ", ".join(f"{self._flow(key)}: {self._flow(data[key])}" for key in data)
            self._first_in_flow(target, [first] if first else [], text)
        elif self._document.own_line(first):
            self._before(target, first, block(data, " " * first.start_mark.column, 2))
        else:
            raise self.uneditable(first)

    def add_to_list(
        self, parent: Node, pair: Pair, values: list[Json], *, last: bool = False
    ) -> None:
        """Add items in front of a list, which may be empty, or behind it."""
        target = resolved(pair.value)
        if is_null(target):
            self._fill(parent, pair, values)
        elif not isinstance(target, yaml.SequenceNode):
            raise self.uneditable(pair.key)
        elif not is_flow(target):
            self._add_to_block(target, values, last=last)
        elif last and target.value:
            end = self._document.end(target.value[-1])
            self.edit(target, end, end, "".join(f", {self._flow(value)}" for value in values))
        else:
            text = ", ".join(map(self._flow, values))
            self._first_in_flow(target, target.value[:1], text)

    def add_behind(self, target: Node, index: int, values: list[Json]) -> None:
        """Add items behind one of a list."""
        item = target.value[index]
        if is_flow(target):
            end = self._document.end(item)
            self.edit(target, end, end, "".join(f", {self._flow(value)}" for value in values))
            return
        dash = self._document.dash(target, index)
        indent = self._text[self._text.rfind("\n", 0, dash) + 1 : dash]
        if indent.strip(" "):
            raise self.uneditable(item)
        self._behind(target, item, block(values, indent, 2))

    def _add_to_block(self, target: Node, values: list[Json], *, last: bool) -> None:
        start = self._document.dash(target, 0)
        begin = self._text.rfind("\n", 0, start) + 1
        indent = self._text[begin:start]
        if indent.strip(" "):
            raise self.uneditable(target)
        lines = block(values, indent, 2)
        if last and self._text.endswith("\n"):
            self._behind(target, target.value[-1], lines)
        else:
            self.edit(target, begin, begin, self._joined(lines))

    def _fill(self, parent: Node, pair: Pair, value: Json) -> None:
        """Give a key that has no value one."""
        node = pair.value
        if node.start_mark.index != node.end_mark.index or isinstance(node, Alias):
            self.edit(parent, node.start_mark.index, node.end_mark.index, self._flow(value))
            return
        rest = self._text[pair.value.end_mark.index : self._document.line_end(node.end_mark.index)]
        if is_flow(parent) or (rest.strip() and not rest.strip()[0] == "#"):
            raise self.uneditable(pair.key)
        column = pair.key.start_mark.column
        step = self._step(parent) if isinstance(value, dict) else 0
        self._behind(parent, node, block(value, " " * (column + step), 2))

    def _first_in_flow(self, target: Node, first: list[Node], text: str) -> None:
        if not first:
            inside = self._document.inside(target)
            self.edit(target, inside, inside, text)
            return
        start = first[0].start_mark.index
        begin = self._document.line_start(first[0])
        own = not self._text[begin:start].strip(" \t")
        space = self._newline + self._text[begin:start] if own else " "
        self.edit(target, start, start, f"{text},{space}")

    def _before(self, parent: Node, key: Node, lines: list[str]) -> None:
        """Put lines in front of the line of a key, and of the comments above it."""
        start = self._document.line_start(key)
        comment = " " * key.start_mark.column + "#"
        earliest = max(
            (self._document.after(value) for _, value in parent.value if _is_before(value, start)),
            default=0,
        )
        while (above := self._text.rfind("\n", 0, max(start - 1, 0)) + 1) >= earliest:
            if above >= start or not self._text.startswith(comment, above):
                break
            start = above
        self.edit(parent, start, start, self._joined(lines))

    def _behind(self, parent: Node, node: Node, lines: list[str]) -> None:
        """Put lines behind the last line of a value."""
        start = self._document.after(node)
        if start == len(self._text) and not self._text.endswith(("\n", "\r")):
            if is_text_block(leaf(node)):
                raise self.uneditable(node)  # a line break would become a part of it
            self.edit(parent, start, start, self._newline + self._newline.join(lines))
        else:
            self.edit(parent, start, start, self._joined(lines))

    def _joined(self, lines: list[str]) -> str:
        return "".join(line + self._newline for line in lines)

    def _pair_lines(self, parent: Node, key: str, value: Json, indent: str) -> list[str]:
        if isinstance(value, list):
            items = block(value, indent + " " * self.list_offset, 2)
            return [f"{indent}{key}:", *items]
        return block({key: value}, indent, self._step(parent))

    def _step(self, parent: Node) -> int:
        """Return by how much a map's inner blocks are indented."""
        column = parent.value[0][0].start_mark.column
        for key, value in parent.value:
            inner = value.start_mark.column - column
            below = value.start_mark.line > key.start_mark.line
            if isinstance(value, yaml.MappingNode) and not value.flow_style and below and inner > 0:
                return min(int(inner), 8)
        return 2


def _is_before(value: Node, position: int) -> bool:
    return not isinstance(value, Alias) and bool(value.start_mark.index < position)
