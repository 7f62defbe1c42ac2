"""The library chart: its part of the values, and the texts that differ there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sidecar.image_names import AGENT_REPOSITORY, COLLECTOR_REPOSITORY
from sidecar.regions import LOCAL
from sidecar.spec import COLLECTOR
from sidecar.targets.helm.collector import CANARY
from sidecar.targets.helm.keys import KEYS, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ = (
    "gateway.host",
    "gateway.port",
    "gateway.tls",
    "existingSecret",
    "tokenRevision",
    "images.agent",
    "images.pullPolicy",
    "global.",
    "agent.",
    "metrics.enabled",
)
"""How the paths begin that the library's templates read."""
_DOCS = {
    "gateway.host": "The region's gateway. Required.",
    "existingSecret": "A Secret that `sidecar token set` wrote. Required.",
    "images.agent": "The agent; without a tag: agent.version.",
    "images.pullPolicy": "For the agent.",
    "metrics.enabled": "Bind the agent's admin port to the pod's address, for Prometheus.",
}
LIBRARY_KEYS = tuple(
    replace(key, doc=_DOCS.get(key.path, key.doc))
    for key in KEYS
    if key.path.startswith(_READ) and key.path != CANARY
)
LIBRARY_SECTIONS = {
    **SECTIONS,
    "gateway": SECTIONS["region"],
    "existingSecret": "The token",
    "agent": "The agent",
}


def library_values(values: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Return the library's part of a chart's values; without a stand-in, the agent is official."""
    names = {key.path.partition(".")[0] for key in LIBRARY_KEYS}
    own = {name: value for name, value in values.items() if name in names}
    official = COLLECTOR_REPOSITORY if values["agent"]["kind"] == COLLECTOR else AGENT_REPOSITORY
    agent = official if region == LOCAL else values["images"]["agent"]
    images = {"agent": agent, "pullPolicy": values["images"]["pullPolicy"]}
    return {**own, "images": images, "metrics": {"enabled": values["metrics"]["enabled"]}}
