"""Agents in the pods of manifests: known by image or flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.compose import software
from sidecar.existing.compose.agents import HOST_PORTS, MARKS
from sidecar.existing.manifests.nodes import all_nodes
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.recognition import holds_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.workloads import Container

AGENT, BACKEND = "agent", "tracing backend"
_COMPACT = "processor.jaeger-compact.server-host-port"
_ALL_IN_ONE = ("all-in-one", "jaeger")


def part_of(container: Container) -> str:
    """Return `agent` or `tracing backend`; empty for a container that is neither."""
    name = software.repository(container.image)
    if "jaeger-agent" in name or set(_flags(container.words)) & set(MARKS):
        return AGENT
    backend = name in _ALL_IN_ONE or software.use_of(container.image) == BACKEND
    return BACKEND if backend else ""


def token_places(node: Node) -> list[Node]:
    """Return the texts below a node that hold a token."""
    texts = (inner for inner in all_nodes(node) if isinstance(inner.value, str))
    found = [inner for inner in texts if holds_token(inner.value)]
    return sorted(found, key=lambda inner: int(inner.start_mark.index))


def is_gateway_flag(text: str) -> bool:
    """Tell whether an argument says where an agent reports to."""
    return text.lstrip("-").startswith(HOST_PORTS)


def other_port(text: str) -> int | None:
    """Return the port of an argument that lets an agent listen for compact Thrift elsewhere."""
    flag, _, address = text.lstrip("-").partition("=")
    port = address.rpartition(":")[2]
    if flag != _COMPACT or not port.isdecimal() or int(port) == COMPACT_PORT:
        return None
    return int(port)


def _flags(words: list[str]) -> Iterator[str]:
    for word in words:
        for part in word.split():
            if part.startswith("-"):
                yield part.lstrip("-").partition("=")[0]
