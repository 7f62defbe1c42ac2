"""The annotations by which inject and uninject know what they did, and what users ask for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sidecar.kubernetes.pods import INJECTED

UNDO = "sidecar-kit/undo"
"""On a pod template: what uninject cannot see, as JSON; missing where there is nothing."""
CHECKSUM = "sidecar-kit/collector"
"""On a pod template with a collector: what changes with its configuration."""
OPT = "sidecar-kit/inject"
"""On a workload or its pod template: `false` or `true`, by the user."""


@dataclass
class Memory:
    """What was there before, as far as the result does not show it."""

    empty: list[str] = field(default_factory=list)
    """Paths of collections that were there and empty, or null."""
    kept: list[str] = field(default_factory=list)
    """Variables that had the agent's value already."""
    texts: dict[str, str] = field(default_factory=dict)
    """Path → the text that another one took the place of."""
    containers: list[dict[str, Any]] = field(default_factory=list)
    """Containers that were replaced; without a text where that held a token."""

    def as_text(self) -> str:
        """Return the annotation's value; empty where there is nothing to remember."""
        filled = {key: value for key, value in asdict(self).items() if value}
        return json.dumps(filled, ensure_ascii=False, separators=(",", ":")) if filled else ""


def memory(text: str) -> Memory:
    """Return what an annotation says; an empty one where it is missing or unreadable."""
    try:
        data = json.loads(text) if text else {}
        return Memory(**data)
    except (ValueError, TypeError):
        return Memory()


__all__ = ["INJECTED", "OPT", "UNDO", "Memory", "memory"]
