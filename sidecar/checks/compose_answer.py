"""What Compose itself answers when it is asked to read a stack of the user's."""

from __future__ import annotations

import re
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING

from sidecar.checks.composefiles import redacted
from sidecar.engine.compose import find_compose
from sidecar.engine.errors import ComposeAbsentError
from sidecar.rules import composefiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.findings import Finding

SECONDS = 60
_NOTE = re.compile(r"time=\"|level=warning|WARN\[")
_UNKNOWN = re.compile(r"services\.[\w.-]+ additional properties '(\w+)'")
_UNKNOWN_BELOW = re.compile(r"(?:^|: +)(?P<path>\S*) additional properties '(?P<key>[^']+)'")
_KEYS = {
    "depends on": "depends_on",
    "undefined network": "networks",
    "undefined volume": "volumes",
    "undefined secret": "secrets",
    "undefined config": "configs",
    "cannot extend": "extends",
}
"""Words of an answer that names a service only → the key that they are about."""


def profile_sets(file: ComposeFile) -> list[list[str]]:
    """Return the sets of profiles with which a stack is asked about: all of them, then none.

    Some stacks are read with one of the two only: a service needs one of a profile, or services of
    two profiles share a name.
    """
    every = {name for service in file.services.values() for name in service.profiles}
    return [sorted(every), []] if every else [[]]


def refusal(file: ComposeFile, files: Sequence[Path]) -> Finding | None:
    """Return why Compose reads a stack with none of its sets of profiles; None where it does.

    None also where Compose is absent.
    """
    found = None
    for profiles in profile_sets(file):
        try:
            found = refused(file, files, profiles)
        except ComposeAbsentError:
            return None
        if found is None:
            return None
    return found


def refused(file: ComposeFile, files: Sequence[Path], profiles: Sequence[str]) -> Finding | None:
    """Return why Compose does not read a stack; None where it does.

    Raises ComposeAbsentError where it cannot be asked.
    """
    try:
        objection = find_compose().objection(files, profiles, SECONDS)
    except TimeoutExpired:
        cause = f"it gave no answer in {SECONDS} s"
        raise ComposeAbsentError("docker compose", cause) from None
    return judged(objection, file)


def judged(objection: str, file: ComposeFile) -> Finding | None:
    """Return what Compose prints against a stack as a finding, at the line that it is about."""
    lines = [line.strip() for line in objection.splitlines() if not _NOTE.match(line)]
    answer = " ".join(filter(None, lines)).removesuffix(": invalid compose project")
    problem = composefiles.refused(answer)
    subject, place = next(_about(answer, file), ("", str(file.path)))
    return redacted(problem.at(subject, place), file.tokens) if problem else None


def _about(answer: str, file: ComposeFile) -> Iterator[tuple[str, str]]:
    """Yield the service that an answer names, and the place of its key."""
    for name, service in sorted(file.services.items(), key=lambda item: -len(item[0])):
        word = re.escape(name)
        if found := re.search(rf"services(?:\.{word}|\[{word}\])(?![\w-])\.?(?P<key>\w*)", answer):
            unknown = _UNKNOWN.search(answer)
            yield name, service.place_of(unknown[1] if unknown else found["key"])
        elif f'service "{name}"' in answer:
            key = next((key for words, key in _KEYS.items() if words in answer), "")
            yield name, service.place_of(key)
        elif _names_env_file(answer, service):
            yield name, service.place_of("env_file")
    yield from _elsewhere(answer, file)


def _elsewhere(answer: str, file: ComposeFile) -> Iterator[tuple[str, str]]:
    """Yield the key outside of services that an answer is about, and its place."""
    if unknown := _UNKNOWN_BELOW.search(answer):
        path = f"{unknown['path']}.{unknown['key']}".removeprefix(".")
        yield from ((path, file.places[path]) for path in (path,) if path in file.places)
    for path in sorted(file.places, key=len, reverse=True):
        if re.search(rf"(?:^|: +){re.escape(path)}(?=[\s:.])", answer):
            yield path, file.places[path]


def _names_env_file(answer: str, service: ComposeService) -> bool:
    names = (name.removeprefix("./") for name in service.env_files)
    return any(f"/{name} not found" in answer for name in names)
