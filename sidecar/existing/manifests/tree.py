"""One document as nodes that know where they stand in its text; no value is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from sidecar.errors import SidecarError
from sidecar.existing.manifests.composing import compose
from sidecar.existing.manifests.nodes import (
    MERGE,
    Alias,
    all_nodes,
    is_text_block,
    leaf,
    resolved,
)
from sidecar.existing.manifests.stream import BOM
from sidecar.rules import manifests
from sidecar.yamlio import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.stream import Piece
    from sidecar.findings import Problem


MOST_BYTES = 8 * 1024 * 1024
_MOST_VALUES = 1_000_000
"""Of one document, with aliases expanded."""


class Edit(NamedTuple):
    """A text that takes the place of a part of a document."""

    start: int
    end: int
    text: str


class Document:
    """One document. Raises SidecarError "FILE:LINE" where it cannot be read.

    `checked` leaves out what was checked before something was added to it.
    """

    def __init__(self, piece: Piece, file: str, *, checked: bool = False) -> None:
        self._line = piece.line
        self.file = file
        self.number = piece.number
        self.bom = piece.data.startswith(BOM)
        self.text = _decoded(piece.data, f"{file}:{piece.line + 1}")
        self.root = self._compose()
        self.json = isinstance(self.root, yaml.MappingNode) and self.root.flow_style
        self.aliases: tuple[Alias, ...] = ()
        if self.root is not None and not checked:
            self._check(self.root)

    def with_edits(self, edits: Iterable[Edit]) -> str:
        """Return the text with edits; those at one place stand in the order they were made.

        Lines that go at an end without a line break go with the break in front of them. What is
        added there gets it instead, and leaves its own.
        """
        parts: list[str] = []
        gone = done = 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            text = edit.text
            taken = self.text[gone : edit.start] if edit.start < done else ""
            if text and taken in ("\n", "\r\n"):
                text = taken + text.removesuffix(taken)
            parts += (self.text[done : edit.start], text)
            if edit.end > edit.start:
                gone = edit.start
            done = max(done, edit.end)
        return "".join((*parts, self.text[done:]))

    def encode(self, text: str) -> bytes:
        """Return another text of this document as bytes."""
        return (BOM if self.bom else b"") + text.encode()

    def place(self, node: Node) -> str:
        """Return FILE:LINE."""
        return f"{self.file}:{self._line + node.start_mark.line + 1}"

    def refusal(self, line: int, problem: Problem) -> SidecarError:
        """Return the error of a problem on a line of the document, counted from 0."""
        return SidecarError.from_problem(f"{self.file}:{self._line + line + 1}", problem)

    # Reading ----------------------------------------------------------------------------------

    def _compose(self) -> Node | None:
        try:
            return compose(self.text, self.refusal)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line if mark else self.text.count("\n", 0, getattr(error, "position", 0))
            raise self._unreadable(error, line) from None

    def _unreadable(self, error: yaml.YAMLError, line: int) -> SidecarError:
        lines = self.text.split("\n")
        near = "\n".join(lines[max(0, line - 1) : line + 1])
        template = next((i for i, one in enumerate(lines) if one.lstrip().startswith("{{")), None)
        if template is not None or "{{" in near:
            problem = manifests.TEMPLATE.problem("holds `{{`: it is a template, not yet rendered")
            return self.refusal(line if template is None else template, problem)
        if "\t" in near and "token" in str(error):
            return self.refusal(line, manifests.BROKEN.problem("a tab indents it", "Use spaces"))
        cause = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        return self.refusal(line, manifests.BROKEN.problem(f"is not YAML: {cause}"))

    def _check(self, root: Node) -> None:
        """Raise SidecarError for keys that are doubled or not text, and for too many values."""
        aliases = []
        for node in all_nodes(root):
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)
            elif isinstance(node, Alias):
                aliases.append(node)
        self.aliases = tuple(aliases)
        if aliases and size_of(root, lambda node: resolved(node) or node) > _MOST_VALUES:
            cause = f"holds more than {_MOST_VALUES:,} values, with aliases expanded"
            raise self.refusal(aliases[0].start_mark.line, manifests.EXPLODING.problem(cause))

    def _check_keys(self, node: yaml.MappingNode) -> None:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                if self.text.startswith("{", key.start_mark.index):
                    problem = manifests.TEMPLATE.problem("holds `{{`: it is not yet rendered")
                    raise self.refusal(line, problem)
                if not isinstance(key, Alias):
                    raise self.refusal(line, manifests.BROKEN.problem("has a key that is not text"))
            if key.value in seen and key.value != MERGE:
                cause = f"the key {str(key.value)[:60]!r} is given twice"
                raise self.refusal(line, manifests.DOUBLED.problem(cause))
            seen.add(key.value)

    # Places in the text -----------------------------------------------------------------------

    def line_start(self, node: Node) -> int:
        """Return where the line of a node's start begins."""
        return int(node.start_mark.index - node.start_mark.column)

    def line_end(self, index: int) -> int:
        """Return where the line after a position begins; the text's end on the last line."""
        found = _LINE_BREAK.search(self.text, index)
        return found.end() if found else len(self.text)

    def own_line(self, node: Node) -> bool:
        """Tell whether only spaces stand before a node on its line."""
        return not self.text[self.line_start(node) : node.start_mark.index].strip(" ")

    def end(self, node: Node) -> int:
        """Return where a value ends: a block's mark is where the next token begins, often lines on.

        Line breaks at the end of a block of text are left out.
        """
        node = leaf(node)
        end = int(node.end_mark.index)
        if is_text_block(node):
            body = self.text[node.start_mark.index : end]
            end -= len(body) - len(body.rstrip(BREAKS))
        return end

    def after(self, node: Node) -> int:
        """Return where the line after a value begins, past the empty lines of a block of text."""
        node = leaf(node)
        index = int(node.end_mark.index)
        if is_text_block(node) and self.text[index - 1 : index] in tuple(BREAKS):
            return index
        return self.line_end(index)

    def after_text(self, node: Node) -> int:
        """Return where the line after a value's last text begins: `after`, without empty lines."""
        node = leaf(node)
        if not is_text_block(node):
            return self.after(node)
        body = self.text[node.start_mark.index : node.end_mark.index]
        return self.line_end(int(node.start_mark.index) + len(body.rstrip()))

    def inside(self, node: Node) -> int:
        """Return the position behind the bracket that opens a flow collection."""
        found = _BRACKET.match(self.text, node.start_mark.index)
        return found.end() if found else int(node.end_mark.index) - 1

    def dash(self, sequence: Node, index: int) -> int:
        """Return the position of the dash of a block list's item."""
        item = sequence.value[index]
        start = self.end(sequence.value[index - 1]) if index else self.line_start(sequence)
        if not index and (found := _PROPERTIES.match(self.text, sequence.start_mark.index)):
            start = found.end()
        for found in _DASH.finditer(self.text, start, item.start_mark.index + 1):
            return found.start("dash")
        return self.text.rindex("-", 0, item.start_mark.index)


BREAKS = "\n\r\x85\u2028\u2029"
_LINE_BREAK = re.compile(rf"\r\n|[{BREAKS}]")
_BRACKET = re.compile(r"(?:[&!]\S*\s+)*[\[{]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]*)+(?:#[^\r\n]*)?")
_DASH = re.compile(r"^[ ]*(?P<dash>-)(?=\s|\Z)", re.MULTILINE)


def _decoded(data: bytes, place: str) -> str:
    if len(data) > MOST_BYTES:
        cause = f"the document is larger than {MOST_BYTES // 2**20} MiB"
        raise SidecarError.from_problem(place, manifests.TOO_LARGE.problem(cause))
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        start, _, number = place.rpartition(":")
        problem = manifests.BROKEN.problem("is not UTF-8 text", "Save it as UTF-8")
        raise SidecarError.from_problem(f"{start}:{int(number) + line}", problem) from None
