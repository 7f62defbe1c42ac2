"""What a Compose file says that a deployment runs, as Compose reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.engine.project import ROLE, SERVICE, WORKLOAD, token_file_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Stated:
    """What runs by the file, as far as verify compares it."""

    replicas: Mapping[str, int] = field(default_factory=dict)
    """By traced service that keeps running."""
    jobs: tuple[str, ...] = ()
    """Traced services that run to their end: without a container, they may have done so."""
    token_file: str = ""
    """The path on the engine's host; empty where it names none."""
    start: str = "docker compose up"
    """The command that starts it."""


def stated(config: Mapping[str, Any]) -> Stated:
    """Return what a Compose file says."""
    found = {}
    jobs = []
    for settings in config.get("services", {}).values():
        labels = settings.get("labels") or {}
        if isinstance(labels, dict) and labels.get(ROLE) == "service":
            if labels.get(WORKLOAD):
                jobs.append(str(labels.get(SERVICE, "")))
                continue
            replicas = (settings.get("deploy") or {}).get("replicas", settings.get("scale", 1))
            found[str(labels.get(SERVICE, ""))] = int(replicas)
    return Stated(found, tuple(jobs), token_file_of(config))
