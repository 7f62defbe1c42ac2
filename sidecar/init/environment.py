"""A service's variables → environment and sampling of the spec; the kit's own and the token stay out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.checks.clients import (
    AGENT_HOST,
    AGENT_PORT,
    CLIENT_READS,
    RUNTIME_READS,
    SAMPLER_PARAM,
    SAMPLER_TYPE,
)
from sidecar.existing.compose import secrets
from sidecar.existing.compose.notes import Step, warning
from sidecar.spec import SAMPLERS, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sidecar.existing.compose.records import ComposeService, Text
    from sidecar.findings import Finding

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SET_BY_KIT = {AGENT_HOST, AGENT_PORT, SAMPLER_TYPE, SAMPLER_PARAM}


def sampling_of(service: ComposeService) -> Sampling | None:
    """Return the sampler that the environment asks for; None where it asks for none that exists."""
    kind = (
        service.environment[SAMPLER_TYPE].text.strip().lower()
        if SAMPLER_TYPE in service.environment
        else "const"
    )
    kind = kind.replace("rate_limiting", "ratelimiting")
    text = (
        service.environment[SAMPLER_PARAM].text.strip().lower()
        if SAMPLER_PARAM in service.environment
        else "1"
    )
    param = {"true": 1.0, "false": 0.0}.get(text, _number(text))
    if (
        kind not in SAMPLERS
        or param is None
        or not {SAMPLER_TYPE, SAMPLER_PARAM} & service.environment.keys()
    ):
        return None
    return Sampling(kind, param)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else None


def sampling(service: ComposeService) -> Step:
    """Return the sampler, where it is not the default."""
    found = sampling_of(service)
    if found is None or found == Sampling():
        return {}, []
    param = int(found.param) if found.param == int(found.param) else found.param
    return {"sampling": {"type": found.type, "param": param}}, []


def environment(service: ComposeService, secret: Callable[[Text], bool]) -> Step:
    """Return the variables that can be taken over; `secret` tells those that hold a token."""
    given = {
        name: text
        for name, text in service.environment.items()
        if name not in _SET_BY_KIT
        and not (name.startswith("JAEGER_") and name not in CLIENT_READS | RUNTIME_READS)
        and not secret(text)
    }
    odd = [name for name in given if not _VARIABLE.fullmatch(name)]
    missing = [name for name, text in given.items() if not text.complete]
    kept = {name: text.text for name, text in given.items() if name not in (*missing, *odd)}
    return ({"environment": kept} if kept else {}), list(_remarks(service, missing, odd, kept))


def _remarks(
    service: ComposeService, missing: Sequence[str], odd: Sequence[str], kept: Mapping[str, str]
) -> Iterator[Finding]:
    clear = [name for name, value in kept.items() if secrets.is_secret(name, value)]
    rows = (
        (
            missing,
            "the value comes from outside the file; not taken over",
            "Write NAME=VALUE into a file and name it in env_files",
        ),
        (
            [repr(name) for name in odd],
            "no variable's name; not taken over",
            "Use letters, digits and _",
        ),
        (
            clear,
            "in clear, as in the Compose file",
            "Move it into a file that is not committed, and name that in env_files",
        ),
    )
    for (named, cause, fix), first in zip(rows, (missing, odd, clear), strict=True):
        if first:
            yield warning(
                service, service.environment[first[0]].place, f"{', '.join(named)}: {cause}", fix
            )
