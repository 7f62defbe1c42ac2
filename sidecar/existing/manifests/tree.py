"""One document as nodes that know where they stand in its text; no value is built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import yaml

from sidecar.errors import SidecarError
from sidecar.existing.manifests.stream import BOM
from sidecar.rules import manifests as rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sidecar.existing.manifests.stream import Piece
    from sidecar.findings import Problem

_STR = "tag:yaml.org,2002:str"

_NULL = ("", "~", "null", "Null", "NULL")
_MERGE = "<<"
_MAY_ALIAS = re.compile(r"[\s\[{,:-]\*[^\s*,]")
_DEEP_LINE = re.compile(r"^[ \-?:]{200}", re.MULTILINE)
_OPENING = re.compile(r"[\[{]")
MOST_BYTES = 8 * 1024 * 1024
_MOST_NESTED = 100
"""Levels: no object of the API has a third of them, and the C parser is recursive."""
_MOST_VALUES = 1_000_000
"""Of one document, with aliases expanded."""
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")

Node: TypeAlias = yaml.Node


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads every value as text, and asks for no tag: that halves the time of a document."""

    def descend_resolver(self, *_: object) -> None: ...

    def ascend_resolver(self) -> None: ...

    def resolve(self, *_: object) -> str:
        return _STR


class Alias(yaml.Node):
    """The place where an alias stands; `target` is the node that it names."""

    id = "alias"

    def __init__(self, target: yaml.Node, start_mark: Any, end_mark: Any) -> None:  # noqa: ANN401
        super().__init__(target.tag, target.value, start_mark, end_mark)
        self.target = target


class Pair(NamedTuple):
    """A key of a map and its value, which may be an Alias."""

    key: Node
    value: Node


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
        """Return the text with edits; those at one place stand in the order they were made."""
        parts: list[str] = []
        done = 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            parts += (self.text[done : edit.start], edit.text)
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
        text = _SURROGATES.sub("_" * 12, self.text) if "\\u" in self.text else self.text
        try:
            if _MAY_ALIAS.search(text) or _may_be_deep(text):
                return _Composer(self, text).root()
            return yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line if mark else self.text.count("\n", 0, getattr(error, "position", 0))
            raise self._unreadable(error, line) from None

    def _unreadable(self, error: yaml.YAMLError, line: int) -> SidecarError:
        lines = self.text.split("\n")
        near = "\n".join(lines[max(0, line - 1) : line + 1])
        template = next((i for i, one in enumerate(lines) if one.lstrip().startswith("{{")), None)
        if template is not None or "{{" in near:
            problem = rules.TEMPLATE.problem("holds `{{`: it is a template, not yet rendered")
            return self.refusal(line if template is None else template, problem)
        if "\t" in near and "token" in str(error):
            return self.refusal(line, rules.BROKEN.problem("a tab indents it", "Use spaces"))
        cause = getattr(error, "problem", None) or "it holds characters that YAML does not allow"
        return self.refusal(line, rules.BROKEN.problem(f"is not YAML: {cause}"))

    def _check(self, root: Node) -> None:
        """Raise SidecarError for keys that are doubled or not text, and for too many values."""
        aliases = []
        for node in all_nodes(root):
            if isinstance(node, yaml.MappingNode):
                self._check_keys(node)
            elif isinstance(node, Alias):
                aliases.append(node)
        self.aliases = tuple(aliases)
        if aliases and _expanded(root, {}) > _MOST_VALUES:
            cause = f"holds more than {_MOST_VALUES:,} values, with aliases expanded"
            raise self.refusal(aliases[0].start_mark.line, rules.EXPLODING.problem(cause))

    def _check_keys(self, node: yaml.MappingNode) -> None:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                if self.text.startswith("{", key.start_mark.index):
                    problem = rules.TEMPLATE.problem("holds `{{`: it is not yet rendered")
                    raise self.refusal(line, problem)
                if not isinstance(key, Alias):
                    raise self.refusal(line, rules.BROKEN.problem("has a key that is not text"))
            if key.value in seen and key.value != _MERGE:
                cause = f"the key {str(key.value)[:60]!r} is given twice"
                raise self.refusal(line, rules.DOUBLED.problem(cause))
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
            end -= len(body) - len(body.rstrip(_BREAKS))
        return end

    def after(self, node: Node) -> int:
        """Return where the line after a value begins, past the empty lines of a block of text."""
        node = leaf(node)
        index = int(node.end_mark.index)
        if is_text_block(node) and self.text[index - 1 : index] in tuple(_BREAKS):
            return index
        return self.line_end(index)

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


_BREAKS = "\n\r\x85\u2028\u2029"
_LINE_BREAK = re.compile(rf"\r\n|[{_BREAKS}]")
_BRACKET = re.compile(r"(?:[&!]\S*\s+)*[\[{]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]*)+(?:#[^\r\n]*)?")
_DASH = re.compile(r"^[ ]*(?P<dash>-)(?=\s|\Z)", re.MULTILINE)


def leaf(node: Node) -> Node:
    """Return the last value inside a block; any other node itself."""
    while isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def is_flow(node: Node) -> bool:
    """Tell whether a node stands in brackets or is a single value."""
    return bool(getattr(node, "flow_style", True))


def is_text_block(node: Node) -> bool:
    """Tell whether a node is a text that begins with `|` or `>`."""
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")


def resolved(node: Node | None) -> Node | None:
    """Return the node that an alias names; any other node itself."""
    return node.target if isinstance(node, Alias) else node


def own_pairs(node: Node | None) -> dict[str, Pair]:
    """Return the keys that a map itself has, without those of its merge keys."""
    node = resolved(node)
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: Pair(key, value) for key, value in node.value}


def pairs(node: Node | None, depth: int = 0) -> dict[str, Pair]:
    """Return a map's keys, with those of its merge keys, over which its own ones win."""
    own = own_pairs(node)
    if _MERGE not in own or depth > _MOST_NESTED:
        return own
    merge = own.pop(_MERGE)
    source = resolved(merge.value)
    sources = source.value if isinstance(source, yaml.SequenceNode) else [source]
    merged: dict[str, Pair] = {}
    for one in sources:
        merged = {**pairs(one, depth + 1), **merged}
    return {**merged, **own}


def pair_at(node: Node | None, key: str) -> Pair | None:
    """Return a key of a map with its value, perhaps by a merge key; None where it is missing."""
    node = resolved(node)
    if not isinstance(node, yaml.MappingNode):
        return None
    merges = False
    for own, value in node.value:
        if own.value == key:
            return Pair(own, value)
        merges = merges or own.value == _MERGE
    return pairs(node).get(key) if merges else None


def value_at(node: Node | None, *path: str) -> Node | None:
    """Return what a path of keys leads to, with aliases followed; None where it ends earlier."""
    for key in path:
        pair = pair_at(node, key)
        if pair is None:
            return None
        node = pair.value
    return resolved(node)


def items(node: Node | None) -> list[Node]:
    """Return a list's items, aliases as they stand; empty for another node."""
    node = resolved(node)
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def text_at(node: Node | None, *path: str) -> str:
    """Return the text that a path leads to; empty where there is none, and for null."""
    found = value_at(node, *path)
    if not isinstance(found, yaml.ScalarNode) or is_null(found):
        return ""
    return str(found.value)


def texts_at(node: Node | None, *path: str) -> dict[str, str]:
    """Return the map of texts that a path leads to."""
    found = pairs(value_at(node, *path))
    return {key: text_at(pair.value) for key, pair in found.items()}


def is_null(node: Node | None) -> bool:
    """Tell whether a node is null or missing."""
    node = resolved(node)
    if node is None:
        return True
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NULL


def all_nodes(root: Node) -> Iterator[Node]:
    """Yield each node once; of an alias, the place where it stands."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            for pair in node.value:
                waiting += pair
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _line(event: Any) -> int:  # noqa: ANN401 - yaml has no types
    return int(event.start_mark.line)


def _decoded(data: bytes, place: str) -> str:
    if len(data) > MOST_BYTES:
        cause = f"the document is larger than {MOST_BYTES // 2**20} MiB"
        raise SidecarError.from_problem(place, rules.TOO_LARGE.problem(cause))
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start)
        start, _, number = place.rpartition(":")
        problem = rules.BROKEN.problem("is not UTF-8 text", "Save it as UTF-8")
        raise SidecarError.from_problem(f"{start}:{int(number) + line}", problem) from None


def _may_be_deep(text: str) -> bool:
    """Tell whether a document may be nested so deep that it is to be read with care."""
    if _DEEP_LINE.search(text) or "- - - - - - - -" in text:
        return True
    opened = 0
    deepest = 0
    for bracket in _BRACKETS.findall(text) if len(_OPENING.findall(text)) > _MOST_NESTED else ():
        opened += 1 if bracket in "[{" else -1
        deepest = max(deepest, opened)
    return deepest > _MOST_NESTED // 2


_BRACKETS = re.compile(r"[\[\]{}]")


def _expanded(node: Node, sizes: dict[int, int]) -> int:
    """Return how many values a tree has with aliases expanded; a node inside itself counts once."""
    node = resolved(node) or node
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = 1
    children: list[Node] = []
    if isinstance(node, yaml.SequenceNode):
        children = node.value
    elif isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    sizes[id(node)] = 1 + sum(_expanded(child, sizes) for child in children)
    return sizes[id(node)]


class _Composer:
    """Composes a document with the places of its aliases, and not too deep."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._anchors: dict[str, Node] = {}

    def root(self) -> Node | None:
        found = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    problem = rules.BROKEN.problem("is not YAML: expected one document")
                    raise self._document.refusal(_line(event), problem)
                found = self._node(next(self._events), 1)
        return found

    def _node(self, event: Any, depth: int) -> Node:  # noqa: ANN401 - yaml has no types
        line = event.start_mark.line
        if depth > _MOST_NESTED:
            cause = f"is nested deeper than {_MOST_NESTED} levels"
            raise self._document.refusal(line, rules.EXPLODING.problem(cause, "Flatten it"))
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            target = self._anchors.get(name)
            if target is None:
                problem = rules.BROKEN.problem(f"no anchor has the name of *{name[:60]}")
                raise self._document.refusal(line, problem)
            if target.end_mark is None:
                problem = rules.EXPLODING.problem("a value holds itself by an alias")
                raise self._document.refusal(line, problem)
            return Alias(target, event.start_mark, event.end_mark)
        return self._collected(event, depth)

    def _collected(self, event: Any, depth: int) -> Node:  # noqa: ANN401
        node: Node
        of_map = isinstance(event, yaml.MappingStartEvent)
        if not of_map and not isinstance(event, yaml.SequenceStartEvent):
            node = yaml.ScalarNode(_STR, event.value, event.start_mark, event.end_mark, event.style)
            if event.anchor:
                self._anchors[event.anchor] = node
            return node
        kind = yaml.MappingNode if of_map else yaml.SequenceNode
        node = kind(event.tag or _STR, [], event.start_mark, None, event.flow_style)
        if event.anchor:
            self._anchors[event.anchor] = node
        while not isinstance(inner := next(self._events), yaml.CollectionEndEvent):
            child = self._node(inner, depth + 1)
            if of_map:
                node.value.append((child, self._node(next(self._events), depth + 1)))
            else:
                node.value.append(child)
        node.end_mark = inner.end_mark
        return node
