"""What YAML aliases share: an edit changes every place that a node is a part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import Alias, all_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidecar.existing.manifests.config_maps import ConfigMaps
    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Workload


class Shares:
    """Which nodes may change, where some workloads of a document get an agent."""

    def __init__(
        self, document: Document, chosen: Sequence[Workload], config_maps: ConfigMaps
    ) -> None:
        self.config_maps = config_maps
        self.done: set[int] = set()
        """Marks of what is edited already: an alias leads there again."""
        self._aliases = document.aliases
        self._homes: set[int] = set()
        """Nodes that stand inside a template of these workloads."""
        self._own: set[int] = set()
        """Aliases inside such a template, or that lead to one."""
        if self._aliases:
            for workload in chosen:
                self._own |= {id(alias) for alias in workload.aliases}
                self._own |= _aliases_in(workload.template)
                if not workload.aliases:
                    self._homes |= {id(node) for node in all_nodes(workload.template)}

    def is_named(self, node: Node) -> bool:
        """Tell whether an alias somewhere names a node or something in it."""
        if not self._aliases:
            return False
        inside = {id(inner) for inner in all_nodes(node)}
        return any(id(alias.target) in inside for alias in self._aliases)

    def outside(self, edited: Iterable[Node]) -> Node | None:
        """Return where something else would change with these nodes; None where nothing would."""
        if not self._aliases:
            return None
        nodes = {id(node): node for node in edited}
        for key, node in nodes.items():
            if key not in self._homes:
                return node
        for alias in self._aliases:
            if id(alias) not in self._own and self._is_in(alias.target, nodes):
                return alias
        return None

    def _is_in(self, node: Node, ids: Iterable[int]) -> bool:
        return any(id(inner) in ids for inner in all_nodes(node))


def _aliases_in(node: Node) -> set[int]:
    """Return the aliases below a node, and below what they name."""
    found: set[int] = set()
    waiting = [node]
    while waiting:
        for inner in all_nodes(waiting.pop()):
            if isinstance(inner, Alias) and id(inner) not in found:
                found.add(id(inner))
                waiting.append(inner.target)
    return found
