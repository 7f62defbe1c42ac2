"""The workloads of a document: whatever has a pod template that a user wrote.

Those of other kinds than inject changes are among them, so that they can be named and judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.existing.manifests import foreign
from sidecar.existing.manifests.nodes import (
    Alias,
    items,
    pair_at,
    pairs,
    resolved,
    text_at,
    texts_at,
    value_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.existing.manifests.foreign import Found
    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.tree import Document

_TEMPLATES = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_GROUPS = ("", "apps", "extensions", "batch")
_JOBS = ("Job", "CronJob")
_CONTAINERS = ("initContainers", "containers")


@dataclass(frozen=True)
class Container:
    """A container of a pod template."""

    name: str
    section: str
    """initContainers or containers."""
    index: int
    item: Node
    """As it stands in the list: perhaps an alias."""

    @property
    def node(self) -> Node:
        """Its map."""
        return resolved(self.item) or self.item

    @property
    def image(self) -> str:
        """Its image as written; empty where it has none."""
        return text_at(self.item, "image")

    @property
    def words(self) -> list[str]:
        """Its command and arguments."""
        nodes = (*items(value_at(self.item, "command")), *items(value_at(self.item, "args")))
        return [text_at(node) for node in nodes]

    @property
    def ports(self) -> list[int]:
        """The ports that it names."""
        texts = (text_at(port, "containerPort") for port in items(value_at(self.item, "ports")))
        return [int(text) for text in texts if text.isdecimal() and len(text) < 6]


@dataclass(frozen=True)
class Workload:
    """An object with a pod template."""

    kind: str
    name: str
    namespace: str
    node: Node
    """The object's map."""
    kind_node: Node
    """Its kind: what a message points to."""
    template: Node
    """The map with the pod's metadata and spec; of an unknown kind, of its first pod."""
    pod: Node
    """The pod's spec."""
    containers: tuple[Container, ...]
    aliases: tuple[Node, ...] = ()
    """Those by which its template is reached: what they name stands elsewhere."""
    known: bool = True
    """Whether it is of a kind that inject changes."""
    pods: tuple[Workload, ...] = ()
    """Of an unknown kind: each of its pods, as if it were a workload of its own."""

    @property
    def subject(self) -> str:
        """Kind and name, for messages."""
        return f"{self.kind} {self.name}"

    @property
    def is_job(self) -> bool:
        """Tell whether its pods are to end."""
        if self.kind == "Pod":
            return text_at(self.pod, "restartPolicy") in ("Never", "OnFailure")
        return self.kind in _JOBS

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations of the pod, over those of the object."""
        own = texts_at(self.node, "metadata", "annotations")
        return {**own, **texts_at(self.template, "metadata", "annotations")}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the pod, over those of the object."""
        own = texts_at(self.node, "metadata", "labels")
        return {**own, **texts_at(self.template, "metadata", "labels")}


def is_object(document: Document) -> bool:
    """Tell whether a document is what kubectl would take, or has a workload at least."""
    root = resolved(document.root)
    named = root is not None and all(text_at(root, key) for key in ("apiVersion", "kind"))
    return named or bool(find_workloads(document))


def find_workloads(document: Document) -> list[Workload]:
    """Return the workloads of a document, in its order; those in a List or a Template, too."""
    return list(_found(resolved(document.root), set()))


def _found(node: Node | None, seen: set[int]) -> Iterator[Workload]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    top = pairs(node)
    if "kind" not in top:
        return
    kind = text_at(top["kind"].value)
    held = "objects" if kind == "Template" else "items" if kind.endswith("List") else ""
    if held in top:
        for item in items(value_at(node, held)):
            yield from _found(resolved(item), seen)
    elif kind in _TEMPLATES and _group(text_at(node, "apiVersion")) in _GROUPS:
        yield _workload(node, kind, top["kind"].key, _TEMPLATES[kind])
    elif found := foreign.containers(node):
        yield _foreign(node, kind, top["kind"].key, found)


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _workload(node: Node, kind: str, kind_node: Node, path: tuple[str, ...]) -> Workload:
    template = value_at(node, *path) or node
    pod = value_at(template, "spec") or template
    found = tuple(container for section in _CONTAINERS for container in _containers(pod, section))
    aliases = tuple(_aliases(node, path))
    return Workload(kind, *_names(node), node, kind_node, template, pod, found, aliases)


def _foreign(node: Node, kind: str, kind_node: Node, found: Sequence[Found]) -> Workload:
    """Return an object of another kind, with the containers of all its pods."""
    names = _names(node)

    def of(those: Sequence[Found]) -> Workload:
        own = tuple(Container(one.name, one.section, one.index, one.item) for one in those)
        first = those[0]
        return Workload(kind, *names, node, kind_node, first.template, first.pod, own, known=False)

    return replace(of(found), pods=tuple(map(of, foreign.by_pod(found))))


def _names(node: Node) -> tuple[str, str]:
    """Return name and namespace."""
    name = text_at(node, "metadata", "name") or f"{text_at(node, 'metadata', 'generateName')}*"
    return name, text_at(node, "metadata", "namespace")


def _aliases(node: Node | None, path: tuple[str, ...]) -> Iterator[Node]:
    for key in path:
        pair = pair_at(node, key)
        if pair is None:
            return
        if isinstance(pair.value, Alias):
            yield pair.value
        node = pair.value


def _containers(pod: Node, section: str) -> Iterator[Container]:
    for index, item in enumerate(items(value_at(pod, section))):
        if pairs(item):
            yield Container(text_at(item, "name"), section, index, item)
