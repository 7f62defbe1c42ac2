"""A service's variables → environment and sampling of the spec; the kit's own stay out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sidecar.rules import clients, composefiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.existing.compose.records import ComposeService, Text
    from sidecar.findings import Finding, Problem

    Step = tuple[dict[str, Any], list[Finding]]
    """Fields of a service of the spec, and findings about what is not taken over."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SET_BY_KIT = {
    clients.AGENT_HOST,
    clients.AGENT_PORT,
    clients.SAMPLER_TYPE,
    clients.SAMPLER_PARAM,
}


def sampling(service: ComposeService) -> Step:
    """Return the sampler that the environment asks for, where it is not the default."""
    kind, param = service.variable(clients.SAMPLER_TYPE), service.variable(clients.SAMPLER_PARAM)
    found = clients.read_sampler(kind, param)
    if found is None or found == clients.Sampler():
        return {}, []
    value = int(found.param) if found.param == int(found.param) else found.param
    return {"sampling": {"type": found.type, "param": value}}, []


def environment(service: ComposeService, holds_token: Callable[[Text], bool]) -> Step:
    """Return the variables that can be taken over, and findings about the others."""
    given = {
        name: text
        for name, text in service.environment.items()
        if not _is_kits(name) and not holds_token(text)
    }
    invalid = {name: text for name, text in given.items() if not _VARIABLE.fullmatch(name)}
    missing = {name: text for name, text in given.items() if not text.complete}
    left = {**invalid, **missing}
    kept = {name: text.text for name, text in given.items() if name not in left}
    findings = [
        *_found(service, missing, _from_outside(missing)),
        *_found(service, invalid, _invalid(invalid)),
    ]
    return ({"environment": kept} if kept else {}), findings


def _is_kits(name: str) -> bool:
    """Tell whether the kit sets a variable, or no client reads it."""
    reads = clients.CLIENT_READS | clients.RUNTIME_READS
    return name in _SET_BY_KIT or (name.startswith("JAEGER_") and name not in reads)


def _found(
    service: ComposeService, variables: Mapping[str, Text], problem: Problem
) -> list[Finding]:
    return [problem.at(service.name, text.place) for text in list(variables.values())[:1]]


def _from_outside(names: Mapping[str, Text]) -> Problem:
    cause = f"{', '.join(names)}: the value comes from outside the file; not taken over"
    fix = "Write NAME=VALUE into a file, and name the file in env_files"
    return composefiles.NEEDS_OUTSIDE_VALUE.problem(cause, fix)


def _invalid(names: Mapping[str, Text]) -> Problem:
    cause = f"{', '.join(map(repr, names))}: not a name of a variable; not taken over"
    return composefiles.NOT_TAKEN_OVER.problem(cause, "Use letters, digits and _")
