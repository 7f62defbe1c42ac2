"""The findings of Compose files and manifests that a user has."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.checks.agents import check_agents
from sidecar.checks.clients import check_clients
from sidecar.checks.manifests import check_manifests
from sidecar.existing.compose.agents import find_agents
from sidecar.existing.compose.load import load
from sidecar.existing.compose.secrets import redact
from sidecar.inject.inputs import COMPOSE, kind_of
from sidecar.inject.manifests.streams import files_of
from sidecar.spec import Capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sidecar.findings import Finding
    from sidecar.regions import Region


def findings_of(paths: Iterable[Path], regions: Mapping[str, Region]) -> Iterator[Finding]:
    """Yield what is wrong with the agents in files. Raises SidecarError for one that is neither."""
    for path in paths:
        kind, _ = kind_of([path], sys.stdin.buffer)
        if kind == COMPOSE:
            yield from _of_compose(path, regions)
            continue
        for file in files_of(path, recursive=True):
            yield from check_manifests(file, regions, Capacity())


def _of_compose(path: Path, regions: Mapping[str, Region]) -> Iterator[Finding]:
    file = load(path)
    agents = find_agents(file.services)
    own = {agent.service.name for agent in agents if agent.kind != "embedded"}
    reporting = [
        service
        for name, service in file.services.items()
        if name not in own and any(key.startswith("JAEGER_") for key in service.environment)
    ]
    embedded = {agent.service.name for agent in agents} - own
    for finding in (
        *check_agents(file, agents, regions, Capacity()),
        *check_clients(file, reporting, embedded),
    ):
        cause, subject = (redact(text, file.tokens) for text in (finding.cause, finding.subject))
        yield replace(finding, cause=cause, subject=subject)
