"""The records of a Compose file, as far as init needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.existing.compose.interpolation import Resolved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sidecar.findings import Finding
    from sidecar.spec import Build, HealthCheck, Volume


def is_elsewhere(path: str) -> bool:
    """Tell whether a path is not relative to the file: absolute, a home's, or an address."""
    return "://" in path or path.startswith(("/", "~", "git@", "github.com/"))


@dataclass(frozen=True)
class Text:
    """A value with its variables resolved."""

    raw: str
    """As typed."""
    place: str
    """FILE:LINE."""
    resolved: Resolved

    @property
    def text(self) -> str:
        """The value; a variable without a value is left out of it."""
        return self.resolved.text

    @property
    def complete(self) -> bool:
        """Whether every variable of it has a value."""
        return not self.resolved.missing

    @staticmethod
    def of(text: str, place: str) -> Text:
        """Return a value without variables."""
        return Text(text, place, Resolved(text))


@dataclass(frozen=True)
class Port:
    """One port of a service."""

    target: int
    published: int | None
    """None: the engine chooses one."""
    host: str
    """Empty: all interfaces of the host."""
    protocol: str
    place: str


@dataclass(frozen=True)
class ComposeService:
    """One service, what it extends included."""

    name: str
    place: str
    image: Text | None = None
    build: Build | None = None
    ports: tuple[Port, ...] = ()
    expose: tuple[int, ...] = ()
    command: tuple[Text, ...] = ()
    entrypoint: tuple[Text, ...] | None = None
    environment: Mapping[str, Text] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    depends_on: Mapping[str, str] = field(default_factory=dict)
    """Service → condition; links are among them."""
    aliases: tuple[str, ...] = ()
    """Other names that its networks know it by."""
    network_mode: str = ""
    restart: str = ""
    memory_mib: int | None = None
    cpus: float | None = None
    replicas: int | None = None
    health: HealthCheck | None = None
    profiles: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """NAME=VALUE."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Key → FILE:LINE, of all keys, read or not."""
    replaced: tuple[str, ...] = ()
    """Keys that are tagged !override or !reset: they replace what the service extends."""
    findings: tuple[Finding, ...] = ()
    """What could not be read, or could be read in part only."""

    def place_of(self, key: str) -> str:
        """Return where a key stands, else where the service does."""
        return self.places.get(key, self.place)


@dataclass(frozen=True)
class ComposeFile:
    """What init knows of a Compose file."""

    path: Path
    services: Mapping[str, ComposeService]
    findings: tuple[Finding, ...]
    tokens: frozenset[str]
    """Every token in the file; none of them may leave it."""
    rendered: bool = False
    """Whether it is a rendering of the kit's own."""
    sources: tuple[Path, ...] = ()
    """Itself and every file that belongs to it, read or not: the user's own, never written to."""
