"""Names of what the kit adds to a deployment besides agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.spec import AGENT_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable


def free_name(wanted: str, services: Iterable[str]) -> str:
    """Return a name that is no service's and no agent's."""
    taken = {name for service in services for name in (service, f"{service}{AGENT_SUFFIX}")}
    while wanted in taken:
        wanted += "-2"
    return wanted
