"""Takes what inject added out of a workload again: the bytes that were there before are left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.existing.manifests.nodes import (
    items,
    own_pairs,
    pair_at,
    pairs,
    resolved,
    text_at,
    value_at,
)
from sidecar.inject.manifests.cuts import Cutter
from sidecar.inject.manifests.marks import CHECKSUM, INJECTED, UNDO, memory
from sidecar.inject.manifests.own import own_names
from sidecar.rules import injections
from sidecar.targets.manifests import VARIABLES

_MARKS = (INJECTED, CHECKSUM, UNDO)

if TYPE_CHECKING:
    from collections.abc import Collection

    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Container, Workload
    from sidecar.findings import Finding


class Removal:
    """The edits that take one workload's agent out. Raises SidecarError where one is impossible."""

    def __init__(self, document: Document, workload: Workload, done: set[int]) -> None:
        self._document = document
        self._workload = workload
        self._done = done
        self._memory = memory(workload.annotations.get(UNDO, ""))
        self._pod = workload.pod
        self._own = own_names(workload)
        self.editor = Cutter(document)
        self.findings: list[Finding] = []

    def run(self) -> None:
        """Collect all edits."""
        names = self._own.containers
        ours = next((one for one in self._workload.containers if one.name in names), None)
        only = next((one for one in self._memory.containers if "only" in one), {})
        if ours and "text" in only:  # the first took its place
            self.editor.restore(ours.item, only["text"])
            self._drop_named(ours.section, [name for name in names if name != ours.name])
        elif ours:
            self._drop_named(ours.section, names)
        self._drop_named("volumes", self._own.volumes)
        for container in self._workload.containers:
            plain = ours is not None and ours.section == "containers"
            own = container.name in names
            if not own and not (plain and container.section == "initContainers"):
                self._unset_variables(container)
        for entry in self._memory.containers:
            if entry is not only or "text" not in entry:
                self._restore_container(entry)
        self._drop_marks()

    def _drop_named(self, key: str, own: Collection[str]) -> None:
        """Take the items of some names out of a list of the pod."""
        pair = pair_at(self._pod, key)
        names = [text_at(item, "name") for item in items(pair.value)] if pair else []
        indexes = [index for index, name in enumerate(names) if name in own]
        if pair and indexes and self._first(resolved(pair.value)):
            self._drop_items(self._pod, pair, indexes, key)

    def _drop_items(self, parent: Node, pair: Pair, indexes: list[int], path: str) -> None:
        """Take items out of a list, and the list with its key where inject added that."""
        target = resolved(pair.value) or pair.value
        if len(indexes) < len(target.value):
            self.editor.drop_items(target, indexes)
        elif path in self._memory.texts:
            self.editor.restore(pair.value, self._memory.texts[path])
        elif path in self._memory.empty:
            self.editor.drop_items(target, indexes)
        else:
            self.editor.drop_pairs(parent, [pair.key.value])

    # Variables --------------------------------------------------------------------------------

    def _unset_variables(self, container: Container) -> None:
        path = f"{container.section}/{container.name}/env"
        pair = pair_at(container.node, "env")
        target = resolved(pair.value) if pair else None
        if pair is None or target is None or not self._first(target):
            return
        ours = []
        for index, item in enumerate(items(target)):
            name = text_at(item, "name")
            kept = f"{path}/{name}" in self._memory.kept
            if f"{path}/{name}" in self._memory.texts:
                self._restore_variable(item, self._memory.texts[f"{path}/{name}"])
            elif not kept and text_at(item, "value") == VARIABLES.get(name):
                ours.append(index)
        if ours:
            self._drop_items(container.node, pair, ours, path)

    def _restore_variable(self, item: Node, text: str) -> None:
        node = resolved(item) or item
        pair = own_pairs(node).get("value")
        if pair and text:
            self.editor.replace_pair(node, pair, text)
        elif pair:
            self.editor.drop_pairs(node, ["value"])

    # Containers that were replaced ------------------------------------------------------------

    def _restore_container(self, entry: dict[str, Any]) -> None:
        target = value_at(self._pod, entry["section"])
        if "text" not in entry or target is None:
            cause = "the agent that was replaced held a token, and does not come back"
            place = self._document.place(self._workload.kind_node)
            self.findings.append(
                injections.NOT_RESTORED.finding(self._workload.subject, place, cause)
            )
            return
        names = [text_at(item, "name") for item in target.value]
        own = self._own.containers
        others = [index for index, name in enumerate(names) if name not in own]
        self.editor.put_back(target, others, entry["before"], entry["gap"], entry["text"])

    # Annotations ------------------------------------------------------------------------------

    def _drop_marks(self) -> None:
        template = self._workload.template
        metadata = pairs(template)["metadata"]
        annotations = pairs(metadata.value)["annotations"]
        target = resolved(annotations.value)
        if target is None or not self._first(target):
            return
        holder = resolved(metadata.value) or metadata.value
        path = "metadata/annotations"
        if own_pairs(target).keys() - {*_MARKS} or path in self._memory.empty:
            self.editor.drop_pairs(target, _MARKS)
        elif path in self._memory.texts:
            self.editor.restore(annotations.value, self._memory.texts[path])
        elif own_pairs(holder).keys() - {"annotations"} or "metadata" in self._memory.empty:
            self.editor.drop_pairs(holder, ["annotations"])
        elif "metadata" in self._memory.texts:
            self.editor.restore(metadata.value, self._memory.texts["metadata"])
        else:
            self.editor.drop_pairs(template, ["metadata"])

    def _first(self, node: Node | None) -> bool:
        """Tell whether a node is edited for the first time, and remember it."""
        if id(node) in self._done:
            return False
        self._done.add(id(node))
        return True
