"""What the table of an injection says of each service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.inject.compose.choice import Verdict
from sidecar.rules.tracers import BINARY, THRIFT

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeService
    from sidecar.inject.compose.choice import Wishes
    from sidecar.inject.compose.roles import Roles


@dataclass(frozen=True)
class Verdicts:
    """Says of a service whether it is traced, why, and how its spans leave it."""

    _roles: Roles
    _wishes: Wishes

    def of(self, service: ComposeService, *, traced: bool, leaving: set[str]) -> Verdict:
        """Return what the table says of a service."""
        why = self._why_traced(service) if traced else self._why_not(service, leaving)
        return Verdict(service.name, service.place, traced, why, self._reports(service, traced))

    def _why_traced(self, service: ComposeService) -> str:
        evidence = self._roles.evidence[service.name]
        if evidence.way and evidence.way.protocol == THRIFT:
            return f"{evidence.way.name} at {evidence.place}"
        if agent := self._roles.linked_agent(service):
            return f"uses the agent {agent}"
        if service.name in self._wishes.services:
            return "named"
        if set(service.profiles) & set(self._wishes.profiles):
            return "in a named profile"
        return "runs Python, and reaches a hand-made agent"

    def _why_not(self, service: ComposeService, leaving: set[str]) -> str:
        other, way = self._roles.other(service), self._roles.evidence[service.name].way
        reasons = {
            f"{other or 'named with --replace'}: replaced": service.name in leaving,
            "named with --not": service.name in self._wishes.excluded,
            f"{other}: stays": other and service.name in self._roles.agents,
            other: other,
            self._roles.unreachable(service): self._roles.unreachable(service),
            f"{way.name} at {self._roles.evidence[service.name].place}" if way else "": (
                way and way.protocol != THRIFT
            ),
            "not named": self._roles.shows(service.name),
        }
        return next((why for why, holds in reasons.items() if holds), self._no_sign(service))

    def _no_sign(self, service: ComposeService) -> str:
        python = self._roles.evidence[service.name].python
        kind = "a job, with " if self._roles.is_job(service) else "Python, with " if python else ""
        return f"{kind}no sign of a tracer"

    def _reports(self, service: ComposeService, traced: bool) -> str:
        evidence = self._roles.evidence[service.name]
        if self._roles.other(service) and not traced:
            return "-"
        if evidence.way is None:
            return "Thrift, if its tracer does" if traced else "unknown"
        return (
            evidence.way.protocol
            if evidence.way.protocol in (THRIFT, BINARY)
            else f"{evidence.way.protocol}, past an agent"
        )
