"""The findings of Compose files and manifests that a user has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sidecar.checks.compose_answer import refused
from sidecar.checks.composefiles import check_hand_made, check_reading, check_traced, joined
from sidecar.checks.manifests import check_manifests
from sidecar.console import say
from sidecar.engine.errors import ComposeAbsentError
from sidecar.errors import SidecarError, UsageError
from sidecar.existing.compose.files import compose_files
from sidecar.existing.compose.load import load_all
from sidecar.existing.manifests.stream import split
from sidecar.existing.manifests.tree import Document
from sidecar.existing.manifests.workloads import is_object
from sidecar.inject.compose.choice import Wishes
from sidecar.inject.compose.choose import choose
from sidecar.inject.inputs import COMPOSE, STANDARD_INPUT, kind_of
from sidecar.inject.manifests.streams import sources
from sidecar.rules.manifests import nothing_read
from sidecar.spec import Capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeFile
    from sidecar.findings import Finding
    from sidecar.inject.manifests.streams import Source
    from sidecar.regions import Region


def findings_of(paths: Iterable[Path], regions: Mapping[str, Region]) -> Iterator[Finding]:
    """Yield what is wrong with the agents in files. Raises SidecarError for one that is neither.

    Compose files of one folder are read together, in their order, as several -f.
    """
    stacks: dict[tuple[Path, bool], list[Path]] = {}
    manifests: list[Source] = []
    for path in paths:
        kind, head = kind_of([path], sys.stdin.buffer)
        if kind == COMPOSE:
            _refuse_standard_input(path)
            key = (path, True) if path.is_dir() else (path.parent, False)
            stacks.setdefault(key, []).append(path)
            continue
        manifests += sources([path], head, sys.stdin.buffer, recursive=True)
    is_empty = not stacks and not any(map(_holds_object, manifests))
    if problem := nothing_read(is_empty=is_empty):
        raise SidecarError.from_problem(", ".join(each.name for each in manifests), problem)
    for source in manifests:
        with source.opened() as lines:
            yield from check_manifests(source.name, lines, regions, Capacity())
    for stack in stacks.values():
        yield from joined(_of_compose(stack, regions))


def _refuse_standard_input(path: Path) -> None:
    """Raise UsageError for a Compose file on standard input: what belongs to it is beside it."""
    if path == STANDARD_INPUT:
        raise UsageError("-", "is a Compose file, which is read in its folder", "Name the file")


def _holds_object(source: Source) -> bool:
    """Tell whether a stream has an object; the first one decides."""
    with source.opened() as lines:
        return any(is_object(Document(piece, source.name)) for piece in split(lines))


def _of_compose(paths: Sequence[Path], regions: Mapping[str, Region]) -> Iterator[Finding]:
    """Judge a stack, with what Compose reads over it, as inject does."""
    files = compose_files(paths, os.environ)
    file = load_all(files)
    choice = choose(file, Wishes())
    yield from _of_reading(file, files)
    yield from check_hand_made(file, choice.agents, regions, Capacity())
    yield from check_traced(file, choice.traced, choice.agents)


def _of_reading(file: ComposeFile, files: Sequence[Path]) -> Iterator[Finding]:
    """Yield what Compose, as it would start the stack here, or the kit cannot read."""
    yield from check_reading(file)
    try:
        refusal = refused(file, files, ())
    except ComposeAbsentError as error:
        say(f"Compose was not asked whether it reads {file.path}: {error.cause}")
    else:
        yield from filter(None, (refusal,))
