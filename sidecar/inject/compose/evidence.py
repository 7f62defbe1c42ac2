"""What shows how a service reports: its variables, the agents that it names, and its image.

Of env_files and images only names and hosts are kept; no value is shown.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.existing.compose.built import dockerfile_of
from sidecar.existing.compose.interpolation import env_file_values
from sidecar.existing.compose.software import runs_node, runs_python
from sidecar.rules import tracers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.rules.tracers import Way

_REQUIREMENTS = (
    "requirements*.txt",
    "requirements*.in",
    "requirements/*.txt",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "setup.cfg",
)
_MOST_FILES = 20


@dataclass(frozen=True)
class Variable:
    """One variable of a service."""

    value: str
    place: str
    """FILE:LINE, or the env_file."""


@dataclass(frozen=True)
class Evidence:
    """What is known of how one service reports."""

    way: Way | None
    """None: nothing shows it."""
    place: str = ""
    python: bool = False
    """Whether its command, image or Dockerfile look like Python."""
    hosts: frozenset[str] = frozenset()
    """To which its variables or its command may send Thrift."""


def variables_of(service: ComposeService, folder: Path) -> dict[str, Variable]:
    """Return the variables that a service gets: its own over those of env_files.

    A command that sets the agent's address has the last word.
    """
    found: dict[str, Variable] = {}
    for name in service.env_files:
        with suppress(OSError, ValueError):
            values = env_file_values(folder / name)
            found |= {key: Variable(value, name) for key, value in values.items()}
    found |= {key: Variable(text.text, text.place) for key, text in service.environment.items()}
    words = _words(service)
    place = service.place_of("command")
    return {
        **found,
        **{key: Variable(set_, place) for key, set_ in tracers.assigned(words).items()},
    }


def _words(service: ComposeService) -> list[str]:
    return [word.raw for word in (*(service.entrypoint or ()), *service.command)]


def evidence_of(
    service: ComposeService, file: ComposeFile, tracers_of: Mapping[str, str]
) -> Evidence:
    """Return what shows how a service reports; `tracers_of` is host name → tracer of the file."""
    folder = file.path.parent
    variables = variables_of(service, folder)
    values = {name: variable.value for name, variable in variables.items()}
    way = tracers.way_of_variables(values) or tracers.way_to(values, tracers_of)
    if way and way.protocol == tracers.THRIFT and _runs_node(service, folder):
        way = way._replace(protocol=tracers.BINARY)
    hosts = frozenset(tracers.named_hosts(values, _words(service)))
    if way:
        return Evidence(way, variables[way.name].place, runs_python(service), hosts)
    for source in _sources(service, folder):
        if way := tracers.way_of_packages(source.text):
            return Evidence(way, source.place, python=True, hosts=hosts)
    return Evidence(None, "", _is_python(service, folder), hosts)


def _runs_node(service: ComposeService, folder: Path) -> bool:
    sources = list(_sources(service, folder))
    dockerfile = next((each.text for each in sources if not each.of_python), "")
    return runs_node(service, dockerfile) and not any(each.of_python for each in sources)


def _is_python(service: ComposeService, folder: Path) -> bool:
    sources = list(_sources(service, folder))
    if not sources:
        return runs_python(service)
    return any("python" in each.text.casefold() or each.of_python for each in sources)


class _Source(NamedTuple):
    """A Dockerfile, or a list of requirements next to it."""

    place: str
    text: str
    of_python: bool


def _sources(service: ComposeService, folder: Path) -> Iterator[_Source]:
    """Yield the Dockerfile of a service that is built here, and its lists of requirements."""
    if service.build is None or service.build.is_remote:
        return
    if dockerfile := dockerfile_of(service, folder):
        yield _Source(dockerfile.place, dockerfile.raw, of_python=False)
    context = folder / service.build.context
    with suppress(OSError, ValueError):
        lists = [path for pattern in _REQUIREMENTS for path in sorted(context.glob(pattern))]
        yield from _read(lists[:_MOST_FILES])


def _read(paths: list[Path]) -> Iterator[_Source]:
    for path in paths:
        with suppress(SidecarError, OSError, ValueError):
            if path.is_file():
                yield _Source(str(path), yamlio.read_text(path), of_python=True)
