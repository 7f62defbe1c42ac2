"""Containers of pods as the records of Compose services, so that one set of checks judges both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.existing.compose import secrets
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.records import ComposeFile, ComposeService, Port, Text
from sidecar.existing.manifests.nodes import (
    items,
    pairs,
    resolved,
    text_at,
    value_at,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.tree import Document
    from sidecar.existing.manifests.workloads import Container, Workload

_OWN = "sidecar-kit.role=agent"
"""The label that the kit's agents have in Compose files."""
_EXPANDED = re.compile(r"\$\((?P<name>[\w.-]+)\)")
_MEBI = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}
_QUANTITY = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>Ki|Mi|Gi|k|M|G|)")


def as_compose(
    document: Document, workload: Workload, path: Path, own: Collection[str]
) -> ComposeFile:
    """Return a workload's pod as if it were a Compose file.

    A workload with one of the annotations `own` has the kit's agent, which is not judged.
    """
    whole = workload.template if workload.known else workload.node
    tokens = secrets.find_tokens(_written(whole), {})
    ours = bool(set(own) & workload.annotations.keys())
    reader = _Reader(document, workload)
    services = [
        reader.service(container, ours=ours and container.name == "jaeger-agent")
        for container in workload.containers
    ]
    return ComposeFile(path, {service.name: service for service in services}, tokens)


def _written(node: Node) -> Node:
    return resolved(node) or node


class _Reader:
    def __init__(self, document: Document, workload: Workload) -> None:
        self._document = document
        self._workload = workload
        on_host = text_at(workload.pod, "hostNetwork").casefold() == "true"
        self._network = "host" if on_host else ""

    def service(self, container: Container, *, ours: bool) -> ComposeService:
        """Return a container as a service."""
        environment = dict(self._environment(container))
        image = value_at(container.item, "image")
        found = pairs(container.node)
        places = {key: self._document.place(pair.key) for key, pair in found.items()}
        limit = _mebibytes(text_at(container.item, "resources", "limits", "memory"))
        entrypoint = self._words(container, "command", environment)
        return ComposeService(
            name=f"{self._workload.subject}: {container.name}",
            place=self._document.place(container.node),
            image=None if image is None else self._text(image),
            ports=tuple(self._ports(container)),
            command=tuple(self._words(container, "args", environment)),
            entrypoint=tuple(entrypoint) or None,
            environment=environment,
            unseen=tuple(self._unseen(container)),
            network_mode=self._network,
            restart="always",  # a pod's
            memory_mib=limit,
            labels=(_OWN,) if ours else (),
            places=places,
        )

    def _text(self, node: Node, text: str | None = None) -> Text:
        """Return a text as Compose would be given it: there, `$` is doubled."""
        raw = (text_at(node) if text is None else text).replace("$", "$$")
        return Text(raw, self._document.place(node), resolve(raw, {}))

    def _words(
        self, container: Container, key: str, environment: dict[str, Text]
    ) -> Iterator[Text]:
        def value(found: re.Match[str]) -> str:
            known = environment.get(found["name"])
            return known.text if known and known.text else found[0]

        for node in items(value_at(container.item, key)):
            yield self._text(node, _EXPANDED.sub(value, text_at(node)))

    def _environment(self, container: Container) -> Iterator[tuple[str, Text]]:
        for item in items(value_at(container.item, "env")):
            node = value_at(item, "value")
            if node is not None:
                yield text_at(item, "name"), self._text(node)

    def _unseen(self, container: Container) -> Iterator[str]:
        variables = items(value_at(container.item, "env"))
        yield from (text_at(item, "name") for item in variables if value_at(item, "valueFrom"))
        yield from ("*" for _ in items(value_at(container.item, "envFrom"))[:1])

    def _ports(self, container: Container) -> Iterator[Port]:
        for item in items(value_at(container.item, "ports")):
            host, target = text_at(item, "hostPort"), text_at(item, "containerPort")
            if host.isdecimal() and target.isdecimal():
                protocol = text_at(item, "protocol").casefold() or "tcp"
                place = self._document.place(item)
                yield Port(int(target), int(host), text_at(item, "hostIP"), protocol, place)


def _mebibytes(text: str) -> int | None:
    """Return a quantity in whole MiB, rounded up; None where there is none."""
    found = _QUANTITY.fullmatch(text)
    if not found:
        return 0 if text else None
    return -(-int(float(found["number"]) * _MEBI[found["unit"]]) // 2**20)
