"""Agents in the pods of manifests: known by image or flags."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sidecar.existing.compose import software
from sidecar.existing.compose.agents import HOST_PORTS, MARKS
from sidecar.existing.manifests.nodes import all_nodes, items, text_at, value_at
from sidecar.rules.agent_settings import COMPACT_HOST_PORT
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.recognition import holds_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.workloads import Container

AGENT, BACKEND = "agent", "tracing backend"
NAME = "jaeger-agent"
_VARIABLE = "PROCESSOR_JAEGER_COMPACT_SERVER_HOST_PORT"
_ALL_IN_ONE = ("all-in-one", "jaeger")


def part_of(container: Container) -> str:
    """Return `agent` or `tracing backend`; empty for a container that is neither."""
    name = software.repository(container.image)
    named = container.name == NAME or NAME in name
    if named or set(_flags(container.words)) & set(MARKS):
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


def other_port(container: Container) -> int | None:
    """Return the port at which an agent listens for compact Thrift, where it is not the usual."""
    words = [part for word in container.words for part in word.replace("=", " ", 1).split()]
    flags = dict(pairwise(words))
    variables = items(value_at(container.item, "env"))
    given = {text_at(one, "name"): text_at(one, "value") for one in variables}
    address = (
        flags.get(f"--{COMPACT_HOST_PORT}")
        or flags.get(f"-{COMPACT_HOST_PORT}")
        or given.get(_VARIABLE, "")
    )
    port = address.rpartition(":")[2]
    return int(port) if port.isdecimal() and int(port) != COMPACT_PORT else None


def receives(container: Container) -> bool:
    """Tell whether a container listens for compact Thrift without being an agent."""
    return software.repository(container.image) in _ALL_IN_ONE


def _flags(words: list[str]) -> Iterator[str]:
    for word in words:
        for part in word.split():
            if part.startswith("-"):
                yield part.lstrip("-").partition("=")[0]
