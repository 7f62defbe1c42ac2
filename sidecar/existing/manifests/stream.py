"""A stream of manifests → its documents, one at a time and byte for byte."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BOM = b"\xef\xbb\xbf"
_START = re.compile(rb"---(?=[ \t\r\n]|\Z)")
_END = re.compile(rb"\.\.\.(?=[ \t\r\n]|\Z)")
_NO_CONTENT = re.compile(rb"\s*(?:#.*)?\Z", re.DOTALL)


class Piece(NamedTuple):
    """One document with its `---` and all that comes before the next one."""

    data: bytes
    line: int
    """The line of the stream on which it begins, from 0."""
    number: int
    """Of the document in its stream, from 1."""


def split(lines: Iterable[bytes]) -> Iterator[Piece]:
    """Yield the documents of a stream; together they are the stream, byte for byte.

    A line that begins with `---` or `...` ends a document, whatever stands around it: YAML allows
    neither inside a block or a quoted text. What stands before the first document, such as a
    directive or a comment, belongs to it.
    """
    held: list[bytes] = []
    first = number = 0
    line = -1
    begun = False
    for line, data in enumerate(lines):
        text = data.removeprefix(BOM)
        if begun and _START.match(data):
            number += 1
            yield Piece(b"".join(held), first, number)
            held, first, begun = [], line, False
        held.append(data)
        if _END.match(data):
            number += 1
            yield Piece(b"".join(held), first, number)
            held, first, begun = [], line + 1, False
        elif _START.match(text) or (not text.startswith(b"%") and not _NO_CONTENT.match(text)):
            begun = True
    if held:
        yield Piece(b"".join(held), first, number + 1)
