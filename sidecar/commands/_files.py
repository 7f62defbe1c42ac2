"""The findings of Compose files and manifests that a user has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sidecar.checks.composefiles import check_hand_made, check_reading, check_traced, joined
from sidecar.checks.manifests import check_manifests
from sidecar.existing.compose.files import compose_files
from sidecar.existing.compose.load import load_all
from sidecar.inject.compose.choose import Wishes, choose
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
            yield from joined(_of_compose(path, regions))
            continue
        for file in files_of(path, recursive=True):
            yield from check_manifests(file, regions, Capacity())


def _of_compose(path: Path, regions: Mapping[str, Region]) -> Iterator[Finding]:
    """Judge a file, with what Compose reads over it, as inject does."""
    file = load_all(compose_files([path], os.environ))
    choice = choose(file, Wishes())
    yield from check_reading(file)
    yield from check_hand_made(file, choice.agents, regions, Capacity())
    yield from check_traced(file, choice.traced, choice.agents)
