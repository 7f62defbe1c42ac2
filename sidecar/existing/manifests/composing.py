"""A document's text → its nodes: by PyYAML, or step by step where it has aliases or is deep.

The C parser recurses: some ten thousand levels overflow its stack, and end the process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from sidecar.existing.manifests.nodes import Alias
from sidecar.rules import manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.errors import SidecarError
    from sidecar.existing.manifests.nodes import Node
    from sidecar.findings import Problem

    Refuse = Callable[[int, Problem], SidecarError]
    """(line from 0, problem) → the error to raise."""

_STR = "tag:yaml.org,2002:str"
_MAY_ALIAS = re.compile(r"[\s\[{,:-]\*[^\s*,]")
_DEEP_LINE = re.compile(r"^[ \-?:]{200}|(?:- ){8}", re.MULTILINE)
_MANY_BRACKETS = 2000
_MOST_NESTED = 100
"""Levels: no object of the API has a third of them."""
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads every value as text, and asks for no tag: that halves the time of a document."""

    def descend_resolver(self, *_: object) -> None: ...

    def ascend_resolver(self) -> None: ...

    def resolve(self, *_: object) -> str:
        return _STR


def compose(text: str, refuse: Refuse) -> Node | None:
    """Return the nodes of one document; None where it has none.

    Raises YAMLError, and what `refuse` returns where aliases or levels are not to be followed.
    """
    if "\\u" in text:  # JSON's pairs for one character; YAML has none
        text = _SURROGATES.sub("_" * 12, text)
    if _MAY_ALIAS.search(text) or _may_be_deep(text):
        return _Composer(text, refuse).root()
    return yaml.compose(text, Loader=_Loader)


def _may_be_deep(text: str) -> bool:
    return text.count("[") + text.count("{") > _MANY_BRACKETS or bool(_DEEP_LINE.search(text))


def _line(event: Any) -> int:  # noqa: ANN401 - yaml has no types
    return int(event.start_mark.line)


class _Composer:
    """Composes a document with the places of its aliases, and not too deep."""

    def __init__(self, text: str, refuse: Refuse) -> None:
        self._refuse = refuse
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=_Loader))
        self._anchors: dict[str, Node] = {}

    def root(self) -> Node | None:
        found = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    problem = manifests.BROKEN.problem("is not YAML: expected one document")
                    raise self._refuse(_line(event), problem)
                found = self._node(next(self._events), 1)
        return found

    def _node(self, event: Any, depth: int) -> Node:  # noqa: ANN401 - yaml has no types
        line = event.start_mark.line
        if depth > _MOST_NESTED:
            cause = f"is nested deeper than {_MOST_NESTED} levels"
            raise self._refuse(line, manifests.EXPLODING.problem(cause, "Flatten it"))
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            target = self._anchors.get(name)
            if target is None:
                problem = manifests.BROKEN.problem(f"no anchor has the name of *{name[:60]}")
                raise self._refuse(line, problem)
            if target.end_mark is None:
                problem = manifests.EXPLODING.problem("a value holds itself by an alias")
                raise self._refuse(line, problem)
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
