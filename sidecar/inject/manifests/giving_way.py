"""Removes the user's agents that are replaced, and remembers them for uninject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.existing.manifests.nodes import is_flow, value_at
from sidecar.rules.recognition import holds_token

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.tree import Document, Edit
    from sidecar.existing.manifests.workloads import Container
    from sidecar.inject.manifests.insertions import Editor
    from sidecar.targets.manifests.text import Json

INIT, PLAIN = "initContainers", "containers"


class GivingWay:
    """The edits that take agents out of a pod. Raises SidecarError where one is impossible."""

    def __init__(
        self,
        document: Document,
        editor: Editor,
        gone: Sequence[Container],
        is_first: Callable[[Node, str], bool],
    ) -> None:
        self._document = document
        self._editor = editor
        self._gone = gone
        self._is_first = is_first
        self.entries: list[dict[str, Any]] = []
        """For the memory: what brings each of them back, without a text where it held a token."""

    def run(self, pod: Node, agents: Sequence[Json]) -> None:
        """Collect the edits; `agents` take the place of a list's only item, where there are any."""
        for section in (INIT, PLAIN):
            target = value_at(pod, section)
            own = [one for one in self._gone if one.section == section]
            if target is not None and own and self._is_first(target, "agents"):
                self._remove(target, section, own, agents)

    def _remove(
        self, target: Node, section: str, gone: list[Container], agents: Sequence[Json]
    ) -> None:
        indexes = [container.index for container in gone]
        if len(indexes) == len(target.value):
            self._replace_only(target, section, agents)
            return
        before = len(self._editor.edits)
        self._editor.drop_foreign_items(target, indexes)
        edits = self._editor.edits[before:]
        for entry in self._entries(target, indexes, edits):
            self.entries.append({"section": section, **entry})

    def _replace_only(self, target: Node, section: str, agents: Sequence[Json]) -> None:
        """Put the agent, and what follows it, into the place of a list's only item."""
        item = target.value[0]
        if len(target.value) > 1 or not agents:
            raise self._editor.uneditable(item)
        start, end = int(item.start_mark.index), self._document.end(item)
        text = self._document.text[start:end]
        entry = {"section": section, "only": True}
        self.entries.append(entry if holds_token(text) else {**entry, "text": text})
        self._editor.replace_value(target, item, agents[0])
        if len(agents) > 1:
            self._editor.add_behind(target, 0, list(agents[1:]))
        self._is_first(target, "")

    def _entries(self, target: Node, indexes: list[int], edits: list[Edit]) -> list[dict[str, Any]]:
        """Return what brings each part that is taken out back to its place."""
        kept = [index for index in range(len(target.value)) if index not in indexes]
        entries = []
        for edit, index in zip(edits, _firsts(indexes, len(edits)), strict=True):
            before = sum(other < index for other in kept)
            entry: dict[str, Any] = {"before": before, "gap": 0}
            if not is_flow(target) and before:
                base = self._document.after_text(target.value[kept[before - 1]])
                taken = sum(one.end - one.start for one in edits if base <= one.start < edit.start)
                entry["gap"] = max(0, edit.start - base - taken)
            elif not is_flow(target) and kept:
                dash = self._document.dash(target, kept[0])
                line = self._document.text.rfind("\n", 0, dash) + 1
                later = sum(one.end - one.start for one in edits if edit.end <= one.start < line)
                entry["gap"] = line - edit.end - later
            text = self._document.text[edit.start : edit.end]
            if not holds_token(text):
                entry["text"] = text
            entries.append(entry)
        return entries


def _firsts(indexes: list[int], count: int) -> list[int]:
    """Return the first index that each edit takes out: one each, or one for a run."""
    if len(indexes) == count:
        return indexes
    return [index for index in indexes if index - 1 not in indexes]
