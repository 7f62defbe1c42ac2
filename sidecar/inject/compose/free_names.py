"""Finds names that are free in a user's Compose file."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from sidecar.targets.compose import Names

if TYPE_CHECKING:
    from collections.abc import Collection


def free_names(networks: set[str], secrets: set[str]) -> Names:
    """Return what the overlay calls its own networks and secrets."""
    usual = Names()
    return Names(
        gateway=free(f"tracing-{usual.gateway}", "sidecar-gateway", networks),
        page=free(f"tracing-{usual.page}", "sidecar-page", networks),
        forwarder=free(f"tracing-{usual.forwarder}", "sidecar-forwarder", networks),
        token=free(f"tracing-{usual.token}", "sidecar-agent", secrets),
        expected=free(f"tracing-{usual.expected}", "sidecar-expected", secrets),
    )


def free(wanted: str, otherwise: str, taken: Collection[str]) -> str:
    """Return a name that is not taken."""
    numbered = (f"{otherwise}-{number}" for number in itertools.count(2))
    names = itertools.chain((wanted, otherwise), numbered)
    return next(name for name in names if name not in taken)
