"""Finds containers in objects of kinds that Kubernetes itself does not have, at any depth.

Argo's Workflows, Tekton's Tasks, Ray's clusters, an object in another one: each has its own fields
around them, and in the end a list of maps with images, or one such map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import items, pairs, resolved, text_at, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.existing.manifests.nodes import Node, Pair

_Place = tuple["Node", "Node", tuple[int, ...], int]
"""A node, the template that it is, and `around` and `shared` of what is in it."""
INIT, PLAIN = "initContainers", "containers"
_LISTS = (INIT, PLAIN, "sidecars", "steps")
_SINGLE = ("container", "script")
_SET = "containerSet"
"""Of Argo: a map with the list of containers of the pod whose template has it."""
_SPARK = ("driver", "executor")
"""Pods of Spark, each in a map of its own beside the image."""
_SHARED = ("podTemplate", "templateDefaults")
"""Keys whose pod operators lay under all other pods of the map that has the key."""
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
    around: tuple[int, ...] = ()
    """Maps that the pod is in, the innermost last."""
    shared: int = 0
    """Of those, the one to whose other pods it belongs, too."""


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


def by_pod(found: Sequence[Found]) -> list[list[Found]]:
    """Return the containers of each pod: those whose lists are in one map, and those it shares."""
    pods: dict[int, list[Found]] = {}
    for one in found:
        pods.setdefault(id(one.pod), []).append(one)
    whole = {key: list(pod) for key, pod in pods.items()}
    for key, pod in pods.items():
        served = [one for one in pods if one != key and pod[0].shared in pods[one][0].around]
        for other in served:
            whole[other] += pod
        if served:
            del whole[key]
    return list(whole.values())


def _said(root: Node) -> Iterator[Pair]:
    """Yield the keys of an object that do not say what it runs."""
    return (pair for key, pair in pairs(root).items() if key in ("metadata", "status"))


def _walk(root: Node, seen: set[int]) -> Iterator[Found]:
    """Yield the containers below a node in the order of its text, however deep it is."""
    waiting: list[_Place] = [(root, root, (), 0)]
    while waiting:
        written, template, around, shared = waiting.pop()
        node = resolved(written) or written
        if id(node) in seen:
            continue
        seen.add(id(node))
        for found in _here(node, template):
            if found.item is not found.pod:
                seen.add(id(resolved(found.item)))
            yield replace(found, around=around, shared=shared)
        waiting += reversed([*_inner(node, around, shared)])


def _inner(node: Node, around: tuple[int, ...], shared: int) -> Iterator[_Place]:
    """Yield what is in a node, each with the template that it is: a `spec` is that of its map."""
    within = (*around, id(node))
    yield from ((item, item, within, shared) for item in items(node))
    for key, pair in pairs(node).items():
        if key == _SET:
            continue  # it is of this pod
        template = node if key == "spec" else pair.value
        yield pair.value, template, within, id(node) if key in _SHARED else shared


def _here(node: Node, template: Node) -> Iterator[Found]:
    """Yield the containers of one map."""
    there = pairs(node)
    for key in (each for each in _LISTS if each in there):
        for index, item in enumerate(items(there[key].value)):
            if text_at(item, "image"):
                section = INIT if key == INIT else PLAIN
                yield Found(text_at(item, "name") or key, section, index, item, node, template)
    if _SET in there:
        inner = _here(there[_SET].value, template)
        yield from (replace(each, pod=node, template=template) for each in inner)
    for key in (each for each in _SINGLE if each in there):
        if text_at(there[key].value, "image"):
            name = text_at(node, "name") or key
            yield Found(name, PLAIN, 0, there[key].value, node, template)
    for key in _SPARK if text_at(node, "image") else ():
        part = value_at(node, key)
        if part is not None and pairs(part):
            yield Found(key, PLAIN, 0, part, part, part)
