"""What is wrong with a traced service's own settings: names that nobody reads, hosts that are not there, samplers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.existing.compose import secrets
from sidecar.existing.compose.notes import warning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.findings import Finding
    from sidecar.spec import Sampling

AGENT_HOST, AGENT_PORT = "JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"
SAMPLER_TYPE, SAMPLER_PARAM = "JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM"
CLIENT_READS = frozenset({AGENT_HOST, AGENT_PORT, "JAEGER_TAGS", "JAEGER_TRACEID_128BIT"})
"""What jaeger-client for Python takes from its environment."""
RUNTIME_READS = frozenset({"JAEGER_SERVICE_NAME", SAMPLER_TYPE, SAMPLER_PARAM})
"""What sidecar_tracing takes besides."""
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1")
_ADDRESS = re.compile(r"[\d.]+|.*:.*|.*\..*")
"""An address, or a name with a domain: nothing that a Compose file could name."""
_ENGINE_HOSTS = ("host.docker.internal", "gateway.docker.internal", "docker.for.mac.localhost")


def check_client(
    service: ComposeService, sampling: Sampling | None, file: ComposeFile
) -> list[Finding]:
    """Return what is wrong with the tracing settings of a service."""
    return [
        *_agent_host(service, file),
        *_sampler(service, sampling),
        *_token(service, file),
        *_ignored(service, file),
    ]


def _agent_host(service: ComposeService, file: ComposeFile) -> Iterable[Finding]:
    value = service.environment.get(AGENT_HOST)
    if value is None or not value.text:
        return
    host, fix = value.text, "Leave it out: the kit sets it to the service's own agent"
    known = {name for one in file.services.values() for name in (one.name, *one.aliases)}
    shared = service.network_mode == "host" or service.network_mode.startswith(
        ("service:", "container:")
    )
    shared = shared or any(
        one.network_mode == f"service:{service.name}" for one in file.services.values()
    )
    if _LOOPBACK.fullmatch(host) and not shared:
        yield warning(
            service,
            value.place,
            f"{AGENT_HOST}={host} is the container itself, where no agent runs",
            fix,
        )
    elif host in _ENGINE_HOSTS or (_ADDRESS.fullmatch(host) and not _LOOPBACK.fullmatch(host)):
        cause = f"{AGENT_HOST}={host} is outside this file; the kit's agent takes its place"
        yield warning(
            service, value.place, cause, "Stop the agent there when no other service needs it"
        )
    elif host not in known and not _LOOPBACK.fullmatch(host):
        yield warning(
            service, value.place, f"{AGENT_HOST}={host[:63]} names no service of the file", fix
        )


def _sampler(service: ComposeService, sampling: Sampling | None) -> Iterable[Finding]:
    value = service.environment.get(SAMPLER_TYPE) or service.environment.get(SAMPLER_PARAM)
    if value is None or sampling is None:
        return
    hides = {
        "const": "no trace is kept" if sampling.param == 0 else "",
        "probabilistic": f"{100 * sampling.param:g} % of traces are kept"
        if sampling.param < 1
        else "",
        "ratelimiting": f"at most {sampling.param:g} traces a second are kept",
        "remote": "the agent's strategies decide, and a region's gateway sends none: 0.1 % of traces are kept",
    }[sampling.type]
    if hides:
        cause = f"the sampler {sampling.type} {sampling.param:g} hides traces: {hides}"
        fix = "It is taken over as `sampling`; leave that out to keep every trace while you prove the way"
        yield warning(service, value.place, cause, fix)


def _ignored(service: ComposeService, file: ComposeFile) -> Iterable[Finding]:
    named = [
        name
        for name, value in service.environment.items()
        if name.startswith("JAEGER_")
        and name not in CLIENT_READS
        and not secrets.holds_token(value.text, file.tokens)
    ]
    alone = [name for name in named if name in RUNTIME_READS]
    none = [name for name in named if name not in RUNTIME_READS]
    if alone:
        cause = f"jaeger-client for Python does not read {', '.join(alone)}"
        fix = "sidecar_tracing does: change the import, see README"
        yield warning(service, service.environment[alone[0]].place, cause, fix)
    if none:
        cause = f"neither jaeger-client for Python nor sidecar_tracing reads {', '.join(none)}; not taken over"
        yield warning(
            service, service.environment[none[0]].place, cause, "Set it in code, or leave it out"
        )


def _token(service: ComposeService, file: ComposeFile) -> Iterable[Finding]:
    for name, value in service.environment.items():
        if secrets.holds_token(value.text, file.tokens):
            cause = f"the token is in the environment ({name}): /proc and `docker inspect` show it; not taken over"
            fix = "A service needs none: its agent adds it. Ask for a new one, then `sidecar token set`"
            yield warning(service, value.place, cause, fix)
