"""What a stream has around workloads: ConfigMaps with a tracing client's variables, Namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import (
    items,
    pairs,
    resolved,
    text_at,
    texts_at,
    value_at,
)

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.tree import Document

PREFIXES = ("JAEGER_", "OTEL_EXPORTER_", "OTEL_TRACES_EXPORTER")


class ConfigMaps:
    """Those that came before in the stream: Helm and Kustomize put them in front of workloads."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, list[str]]] = {}
        self._namespaces: dict[str, dict[str, str]] = {}

    def take(self, document: Document) -> None:
        """Remember what is around workloads in a document; values of ConfigMaps are not read."""
        kind = text_at(document.root, "kind")
        if kind not in ("ConfigMap", "Namespace", "List"):
            return
        for node in [document.root, *map(resolved, items(value_at(document.root, "items")))]:
            kind, name = text_at(node, "kind"), text_at(node, "metadata", "name")
            if kind == "Namespace":
                self._namespaces[name] = texts_at(node, "metadata", "annotations")
            names = [name for name in pairs(value_at(node, "data")) if name.startswith(PREFIXES)]
            if node is not None and names and kind == "ConfigMap":
                key = (text_at(node, "metadata", "namespace"), name)
                self._found[key] = (document.place(node), names)

    def annotations(self, namespace: str) -> dict[str, str]:
        """Return those of a workload's namespace; of the only one where it names none."""
        only = next(iter(self._namespaces)) if len(self._namespaces) == 1 else ""
        return self._namespaces.get(namespace or only, {})

    def variables(self, namespace: str, container: Node) -> list[tuple[Node, str, str, list[str]]]:
        """Return what a container takes from them: where it says so, the map, its place, names."""
        found = []
        for source in items(value_at(container, "envFrom")):
            name = text_at(source, "configMapRef", "name")
            known = self._found.get((namespace, name)) or self._found.get(("", name))
            if known:
                prefix = text_at(source, "prefix")
                names = [f"{prefix}{one}" for one in known[1]]
                found.append((source, name, known[0], names))
        return found
