"""What each part of an injection shares: its edits, its memory, and what it has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from sidecar.existing.manifests.nodes import is_null, resolved
from sidecar.inject.manifests.insertions import Editor
from sidecar.inject.manifests.marks import UNDO, memory
from sidecar.inject.manifests.own import is_injected
from sidecar.rules import skips

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node, Pair
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Workload
    from sidecar.findings import Finding, Rule
    from sidecar.inject.manifests.shared import Shares
    from sidecar.targets.manifests import Additions


class Changes:
    """The edits of one workload. Raises SidecarError for a place that cannot be edited."""

    def __init__(
        self, document: Document, workload: Workload, additions: Additions, shares: Shares
    ) -> None:
        self._document = document
        self._workload = workload
        self._additions = additions
        self._shares = shares
        self.done = set(shares.done)
        """Nodes that are edited already: an alias leads to them again."""
        self._memory = memory(workload.annotations.get(UNDO, ""))
        self._again = is_injected(workload)
        self.editor = Editor(document)
        self.findings: list[Finding] = []

    def _first(self, node: Node, what: str = "") -> bool:
        """Tell whether a node is edited for the first time, and remember it."""
        mark = hash((id(node), what))
        if mark in self.done:
            return False
        self.done.add(mark)
        return True

    def _remember_empty(self, path: str, pair: Pair) -> None:
        if self._again or not is_empty(pair.value):
            return
        node = pair.value
        text = self._document.text[node.start_mark.index : node.end_mark.index]
        if is_null(node) and text:
            self._memory.texts[path] = text
        else:
            self._memory.empty.append(path)

    def _shared(self, node: Node) -> Exception:
        cause = "what must change is also part of something else, by an alias: left as it is"
        return self._document.refusal(node.start_mark.line, skips.SHARED.problem(cause))

    def _say(self, rule: Rule, node: Node, cause: str, fix: str | None = None) -> None:
        subject = self._workload.subject
        self.findings.append(rule.finding(subject, self._document.place(node), cause, fix))


def is_empty(node: Node) -> bool:
    """Tell whether a value is null, or a collection without anything in it."""
    target = resolved(node)
    return is_null(target) or (
        isinstance(target, (yaml.MappingNode, yaml.SequenceNode)) and not target.value
    )
