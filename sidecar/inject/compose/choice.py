"""The records of a choice: what a user asked for, and what is decided about each service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeService
    from sidecar.inject.compose.evidence import Evidence


@dataclass(frozen=True)
class Wishes:
    """What a user asked for."""

    services: tuple[str, ...] = ()
    """To be traced; empty: those that show that they are."""
    excluded: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    """Agents and backends that are to be replaced."""
    profiles: tuple[str, ...] = ()
    """Their services are traced, too."""


@dataclass(frozen=True)
class Verdict:
    """What is decided about one service, and why."""

    service: str
    place: str
    traced: bool
    why: str
    reports: str
    """How its spans leave it; unknown where nothing shows it."""


@dataclass(frozen=True)
class Choice:
    """The traced services of a Compose file, and what leaves for them."""

    traced: tuple[ComposeService, ...]
    leaving: tuple[ComposeService, ...]
    """Hand-made agents, and what the user named."""
    verdicts: tuple[Verdict, ...]
    evidence: dict[str, Evidence]
    agents: tuple[HandMadeAgent, ...]
    backends: dict[str, str]
    """Tracing backends that stay → what they are."""
    needed: dict[str, list[str]]
    """Hand-made agents that stay → the services that need them."""
    missed: dict[str, list[str]]
    """Hand-made agents that leave → the services that may miss them, though nothing shows it."""
