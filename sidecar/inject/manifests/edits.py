"""Changes to a document's text that keep every other byte: values get another text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.existing.manifests.nodes import is_flow
from sidecar.existing.manifests.tree import Edit
from sidecar.rules.skips import UNEDITABLE
from sidecar.targets.manifests.text import block, flow

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.targets.manifests.text import Json


class Edits:
    """Collects the edits of one document. Raises SidecarError for a place that it cannot edit."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text
        self._newline = "\r\n" if "\r\n" in document.text else "\n"
        self._json = document.json
        self.edits: list[Edit] = []
        self.edited: list[Node] = []
        """The nodes inside which something changes."""

    def edit(self, node: Node, start: int, end: int, text: str) -> None:
        """Replace a part of the text that belongs to a node."""
        self.edits.append(Edit(start, end, text))
        self.edited.append(node)

    def replace_pair(self, parent: Node, pair: Pair, text: str) -> str:
        """Replace a key and its value by another text; return what stood there."""
        start, end = pair.key.start_mark.index, self._document.end(pair.value)
        self.edit(parent, start, end, text)
        return self._text[start:end]

    def replace_value(self, parent: Node, value: Node, new: Json) -> None:
        """Replace a value by another one, in the style that it has."""
        start, end = value.start_mark.index, self._document.end(value)
        if is_flow(value):
            self.edit(parent, start, end, self._flow(new))
            return
        begin = self._text.rfind("\n", 0, start) + 1
        column = start - begin
        lines = block(new, " " * column, 2)
        self.edit(parent, start, end, self._newline.join(lines)[column:])

    def restore(self, node: Node, text: str) -> None:
        """Put the text that stood there back in the place of a value."""
        self.edit(node, node.start_mark.index, self._document.end(node), text)

    def put_back(self, target: Node, others: list[int], before: int, gap: int, text: str) -> None:
        """Put an item back into a list, behind so many of its other items."""
        kept = [target.value[index] for index in others]
        if is_flow(target) and before < len(kept):
            place = kept[before].start_mark.index
        elif is_flow(target):
            place = self._document.end(kept[-1])
        elif before:
            place = min(self._document.after_text(kept[before - 1]) + gap, len(self._text))
        else:
            dash = self._document.dash(target, others[0])
            place = self._text.rfind("\n", 0, dash) + 1 - gap
        self.edit(target, place, place, text)

    def pair_text(self, key: str, value: Json) -> str:
        """Return a key and its value on one line, as this document would write it."""
        return f"{self._flow(key)}: {self._flow(value)}"

    def uneditable(self, node: Node) -> SidecarError:
        """Return the error of a place that cannot be edited."""
        place = self._document.place(node)
        problem = UNEDITABLE.problem("the kit cannot add to what is written here: left as it is")
        return SidecarError.from_problem(place, problem)

    def _flow(self, value: Json) -> str:
        return flow(value, as_json=self._json)
