"""Names of Compose services → names that a spec takes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from sidecar import agent as agents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.existing.compose.records import ComposeService


def names(
    services: list[ComposeService], reserved: frozenset[str]
) -> Iterator[tuple[ComposeService, str]]:
    """Yield each service with a name that the spec allows, its own where that is one."""
    taken = set(reserved)
    for service in services:
        wanted = spec_name(service.name)
        numbered = (f"{wanted[:50]}-{number}" for number in itertools.count(2))
        candidates = itertools.chain([wanted], numbered)
        name = next(one for one in candidates if not {one, f"{one}{agents.SUFFIX}"} & taken)
        taken |= {name, f"{name}{agents.SUFFIX}"}
        yield service, name


def spec_name(text: str) -> str:
    """Return a Compose service's name as a host's: a-z, 0-9 and -, a letter first, at most 57."""
    name = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    if not name[:1].isalpha() or name.startswith("x-"):
        name = f"service-{name}".rstrip("-")
    return name[: 63 - len(agents.SUFFIX)].rstrip("-")
