"""The records of a Compose file: what the checks and `sidecar inject` ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.existing.compose.interpolation import Resolved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sidecar.findings import Finding
    from sidecar.spec import Build


def is_elsewhere(path: str) -> bool:
    """Tell whether a path is not relative to the file: absolute, a home's, or an address."""
    return "://" in path or path.startswith(("/", "~", "git@", "github.com/"))


@dataclass(frozen=True)
class Text:
    """A value with its variables expanded."""

    raw: str
    """As typed."""
    place: str
    """FILE:LINE."""
    resolved: Resolved

    @property
    def text(self) -> str:
        """The value; a variable without a value is left out."""
        return self.resolved.text

    @property
    def complete(self) -> bool:
        """Whether each of its variables has a value."""
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
    """One service, with what it extends."""

    name: str
    place: str
    image: Text | None = None
    build: Build | None = None
    dockerfile: Text | None = None
    """Where the file itself holds it."""
    ports: tuple[Port, ...] = ()
    command: tuple[Text, ...] = ()
    entrypoint: tuple[Text, ...] | None = None
    environment: Mapping[str, Text] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    """Variables whose values stand elsewhere; `*` for any."""
    depends_on: Mapping[str, str] = field(default_factory=dict)
    """Service → condition; links are among them."""
    dependencies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What depends_on itself names → its settings, as typed."""
    links: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Its other names in its networks."""
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The networks that it names → its aliases there; empty: it is in `default`."""
    network_mode: str = ""
    restart: str = ""
    memory_mib: int | None = None
    replicas: int | None = None
    healthcheck: tuple[str, ...] = ()
    """The words of its test; empty: none, or disabled."""
    profiles: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """NAME=VALUE."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Key → FILE:LINE, for all keys, read or not."""
    replaced: tuple[str, ...] = ()
    """Keys with the tag !override or !reset, which replace what the service extends."""
    tag: str = ""
    """!override or !reset: it stands, or leaves a gap, where an earlier file has the service."""
    findings: tuple[Finding, ...] = ()
    """What could not be read."""

    def variable(self, name: str) -> str | None:
        """Return the value of a variable; None where it is not set."""
        return self.environment[name].text if name in self.environment else None

    def place_of(self, key: str) -> str:
        """Return the place of a key, else that of the service."""
        return self.places.get(key, self.place)


@dataclass(frozen=True)
class ComposeFile:
    """A Compose file as it was read."""

    path: Path
    services: Mapping[str, ComposeService]
    tokens: frozenset[str]
    """Every token in the file; no output may show one."""
    networks: frozenset[str] = frozenset()
    """The names under its top-level `networks`."""
    mtus: Mapping[str, Text] = field(default_factory=dict)
    """Network → the MTU that its driver's options set."""
    secrets: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    configs: frozenset[str] = frozenset()
    sources: tuple[Path, ...] = ()
    """Itself and each file that belongs to it, read or not. The kit never writes to them."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Dotted path of a key, such as volumes.data.driver → FILE:LINE; none of those of services."""
