"""The nodes of a document, with the places of its aliases, and how to find one by its path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

MERGE = "<<"
_NULL = ("", "~", "null", "Null", "NULL")
_MOST_MERGES = 100

Node: TypeAlias = yaml.Node


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
    if MERGE not in own or depth > _MOST_MERGES:
        return own
    merge = own.pop(MERGE)
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
        merges = merges or own.value == MERGE
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
