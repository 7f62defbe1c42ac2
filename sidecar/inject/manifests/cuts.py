"""Removes keys and items from a document's text, with their lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import is_flow, is_text_block, leaf
from sidecar.existing.manifests.tree import BREAKS
from sidecar.inject.manifests.edits import Edits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sidecar.existing.manifests.nodes import Node

_NO_CONTENT = re.compile(rf"[ \t]*(?P<comment>#[^{BREAKS}]*)?(?:\r\n|[{BREAKS}]|\Z)")


class Cutter(Edits):
    """Takes keys and items out. Raises SidecarError for a place that it cannot edit."""

    def drop_pairs(self, parent: Node, keys: Collection[str]) -> None:
        """Take keys with their values out of a map."""
        starts = [node for node, _ in parent.value]
        ends = [value for _, value in parent.value]
        indexes = [index for index, node in enumerate(starts) if node.value in keys]
        own = [not is_flow(parent) and self._document.own_line(node) for node in starts]
        lines = [
            (self._document.line_start(starts[index]), self._document.after(ends[index]))
            for index in indexes
            if own[index]
        ]
        self._drop_lines(parent, lines)
        self._drop(parent, starts, ends, [index for index in indexes if not own[index]])

    def drop_items(self, parent: Node, indexes: list[int]) -> None:
        """Take items out of a list."""
        if is_flow(parent):
            self._drop(parent, parent.value, parent.value, indexes)
            return
        self._drop_lines(parent, [self._lines_of_item(parent, index) for index in indexes])

    def drop_foreign_items(self, parent: Node, indexes: list[int]) -> None:
        """Take items out of a list that inject did not add.

        A block of text that comes to stand in front of what follows them must not grow by it, or
        lose its last line break.
        """
        behind_text = [self._is_behind_text(parent, index, indexes) for index in indexes]
        if is_flow(parent) or not any(behind_text):
            self.drop_items(parent, indexes)
            return
        parts = []
        for index, grows in zip(indexes, behind_text, strict=True):
            begin, end = self._lines_of_item(parent, index)
            dash = self._document.dash(parent, index)
            parts.append((begin, self._without_content(end, dash - begin) if grows else end))
        self._drop_lines(parent, parts, with_break=not behind_text[-1])

    def _is_behind_text(self, parent: Node, index: int, gone: Collection[int]) -> bool:
        """Tell whether the item that stays in front of one ends with a block of text."""
        kept = [one for one in range(index) if one not in gone]
        return bool(kept) and is_text_block(leaf(parent.value[kept[-1]]))

    def _without_content(self, index: int, column: int) -> int:
        """Return where the empty lines end, and the comments to the right of a column."""
        while index < len(self._text) and (found := _NO_CONTENT.match(self._text, index)):
            if found["comment"] and found.start("comment") - index <= column:
                break
            index = found.end()
        return index

    def _lines_of_item(self, parent: Node, index: int) -> tuple[int, int]:
        """Return the part of the text that an item of a block list takes."""
        dash = self._document.dash(parent, index)
        begin = self._text.rfind("\n", 0, dash) + 1
        if self._text[begin:dash].strip(" "):
            raise self.uneditable(parent.value[index])
        return begin, self._document.after(parent.value[index])

    def _drop_lines(
        self, parent: Node, parts: list[tuple[int, int]], *, with_break: bool = True
    ) -> None:
        """Take lines out; at an unended end, with the break in front of them."""
        unended = with_break and not self._text.endswith(("\n", "\r"))
        while unended and len(parts) > 1 and parts[-2][1] == parts[-1][0]:
            parts = [*parts[:-2], (parts[-2][0], parts[-1][1])]
        for begin, end in parts:
            start = begin
            if unended and begin and end == len(self._text):
                start -= 2 if self._text.startswith("\r\n", begin - 2) else 1
            self.edit(parent, start, end, "")

    def _drop(self, parent: Node, starts: list[Node], ends: list[Node], indexes: list[int]) -> None:
        """Take runs out of what stands on one line, each up to what follows it."""
        for run in _runs(indexes):
            begin, end = starts[run[0]].start_mark.index, self._document.end(ends[run[-1]])
            if run[-1] + 1 < len(starts):
                end = starts[run[-1] + 1].start_mark.index
            elif not is_flow(parent):
                raise self.uneditable(starts[run[0]])
            elif run[0]:
                begin = self._document.end(ends[run[0] - 1])
            self.edit(parent, begin, end, "")


def _runs(indexes: Iterable[int]) -> Iterator[list[int]]:
    """Yield the runs of numbers that follow each other."""
    run: list[int] = []
    for index in indexes:
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run
