"""Containers in objects of kinds that Kubernetes itself does not have: at any place of theirs.

Argo's Workflows, Tekton's Tasks, Ray's clusters, an object in another one: each has its own fields
around them, and in the end a list of maps with images, or one such map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import items, pairs, resolved, text_at, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.existing.manifests.nodes import Node, Pair

INIT, PLAIN = "initContainers", "containers"
_LISTS = (INIT, PLAIN, "sidecars", "steps")
_SINGLE = ("container", "script")
_SPARK = ("driver", "executor")
"""Of a map with an image, which is that of both."""
_PATTERNS = (
    *("kyverno.io", "gatekeeper.sh"),
    *("apiextensions.k8s.io", "admissionregistration.k8s.io"),
)
"""Ends of API groups whose objects describe pods, and run none."""


@dataclass(frozen=True)
class Found:
    """A container, and what is around it."""

    name: str
    section: str
    index: int
    item: Node
    pod: Node
    """The map that it is in."""
    template: Node
    """The map whose `spec` that is, else the same."""


def containers(root: Node) -> list[Found]:
    """Return the containers of an object, each by a name of its own."""
    if text_at(root, "apiVersion").rpartition("/")[0].endswith(_PATTERNS):
        return []
    taken: dict[str, int] = {}
    found = []
    for one in _walk(root, {id(pair.value) for pair in _said(root)}):
        taken[one.name] = number = taken.get(one.name, 0) + 1
        found.append(one if number == 1 else replace(one, name=f"{one.name}-{number}"))
    return found


def _said(root: Node) -> Iterator[Pair]:
    """Yield what says nothing of what an object is to run."""
    return (pair for key, pair in pairs(root).items() if key in ("metadata", "status"))


def _walk(root: Node, seen: set[int]) -> Iterator[Found]:
    """Yield the containers below a node in the order of its text, however deep it is."""
    waiting = [(root, root)]
    while waiting:
        written, template = waiting.pop()
        node = resolved(written) or written
        if id(node) in seen:
            continue
        seen.add(id(node))
        for found in _here(node, template):
            seen.add(id(resolved(found.item)))
            yield found
        waiting += reversed([*_inner(node)])


def _inner(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield what is in a node, each with the template that it is: a `spec` is that of its map."""
    yield from ((item, item) for item in items(node))
    for key, pair in pairs(node).items():
        yield pair.value, node if key == "spec" else pair.value


def _here(node: Node, template: Node) -> Iterator[Found]:
    """Yield the containers of one map."""
    there = pairs(node)
    for key in (each for each in _LISTS if each in there):
        for index, item in enumerate(items(there[key].value)):
            if text_at(item, "image"):
                section = INIT if key == INIT else PLAIN
                yield Found(text_at(item, "name") or key, section, index, item, node, template)
    for key in (each for each in _SINGLE if each in there):
        if text_at(there[key].value, "image"):
            name = text_at(node, "name") or key
            yield Found(name, PLAIN, 0, there[key].value, node, template)
    if text_at(node, "image") and any(pairs(value_at(node, key)) for key in _SPARK):
        yield Found(_SPARK[0], PLAIN, 0, node, node, template)
