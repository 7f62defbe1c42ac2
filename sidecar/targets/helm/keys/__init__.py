"""The chart's values, one row per key: the source of values.yaml, its schema and the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.targets.helm.keys.agents import AGENTS
from sidecar.targets.helm.keys.gateway import GATEWAY
from sidecar.targets.helm.keys.operation import OPERATION
from sidecar.targets.helm.keys.pods import PODS
from sidecar.targets.helm.keys.workloads import MAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEYS", "MAPS", "SECTIONS"]

KEYS = (*GATEWAY, *AGENTS, *PODS, *OPERATION)

SECTIONS: Mapping[str, str] = {
    "region": "Where spans go",
    "existingSecret": "The token: existingSecret, or token, or the stand-in's public constant",
    "images": "Images",
    "agent": "The agent of each workload",
    "canary": "The collector of a canary; agent.queue, drain and collector are its, too",
    "relay": "Collectors on persistent volumes between those of the pods and the forwarder",
    "forwarder": "Between collectors and the gateway; it has the token",
    "services": "What runs",
    "standIn": "The stand-in gateway",
    "nameOverride": "Names: set them at the first install; pods are selected by them",
    "terminationGracePeriodSeconds": "Pods",
    "networkPolicy": "Network",
    "metrics": "Metrics",
    "watch": "The watch",
}
"""First key of a section → its title."""
