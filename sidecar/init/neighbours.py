"""What traced services need of those that stay in the Compose file: another project's network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.init.candidates import LeftAlone

_NOT_NEEDED = ("hand-made agent", "the kit's own", "a job", "tracing backend")


def check_neighbours(
    file: ComposeFile, chosen: list[ComposeService], left: list[LeftAlone]
) -> Iterable[Finding]:
    """Warn of services that are left alone and that traced ones depend on or name in their environment."""
    apart = [one.service for one in left if not one.why.startswith(_NOT_NEEDED)]
    needed = [name for name in apart if any(_needs(service, name) for service in chosen)]
    if needed:
        cause = f"left in {file.path.name}: the rendered services are another project, which does not join its network"
        fix = "Join the two networks: docs/init.md shows the file"
        yield Finding(
            Severity.WARNING, ", ".join(needed), file.services[needed[0]].place, cause, fix
        )


def _needs(service: ComposeService, name: str) -> bool:
    host = re.compile(rf"(?:.*[/@,=\s])?{re.escape(name)}(?:[:/,\s].*)?", re.DOTALL)
    texts = (text.text[:1000] for text in service.environment.values())
    return name in service.depends_on or any(host.fullmatch(text) for text in texts)
