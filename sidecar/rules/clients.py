"""What is wrong with a service's tracing client: samplers and JAEGER_* variables."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

AGENT_HOST, AGENT_PORT = "JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"
SAMPLER_TYPE, SAMPLER_PARAM = "JAEGER_SAMPLER_TYPE", "JAEGER_SAMPLER_PARAM"
SERVICE_NAME, TAGS = "JAEGER_SERVICE_NAME", "JAEGER_TAGS"
CLIENT_READS = frozenset({AGENT_HOST, AGENT_PORT, TAGS, "JAEGER_TRACEID_128BIT"})
"""What jaeger-client for Python reads from its environment."""
RUNTIME_READS = frozenset(
    {
        SERVICE_NAME,
        SAMPLER_TYPE,
        SAMPLER_PARAM,
        "JAEGER_DISABLED",
        "JAEGER_EXIT_TIMEOUT",
        "JAEGER_PROPAGATION",
        "JAEGER_REPORTER_FLUSH_INTERVAL",
        "JAEGER_REPORTER_LOG_SPANS",
        "JAEGER_REPORTER_MAX_QUEUE_SIZE",
        "JAEGER_SAMPLING_ENDPOINT",
    }
)
"""What sidecar_tracing reads in addition."""


# Samplers -------------------------------------------------------------------------------------

SAMPLER_HIDES_TRACES = Rule(
    "sampler-hides-traces",
    Severity.WARNING,
    "A sampler hides traces from the gateway.",
    "A trace that is not sampled looks like a lost one.",
    "Use `sampling: {type: const, param: 1}` until traces arrive",
    "sampling: {type: probabilistic, param: 0.1}",
)
UNKNOWN_SAMPLER = Rule(
    "unknown-sampler",
    Severity.WARNING,
    "A variable names a sampler that does not exist, or a parameter that it does not take.",
    "sidecar_tracing warns in the service's log and keeps every trace; other clients may fail.",
    "Use const, probabilistic, ratelimiting or remote, with a parameter that the sampler takes",
    "environment: {JAEGER_SAMPLER_TYPE: adaptive}",
)
SAMPLER_PARAMETER = Rule(
    "sampler-parameter",
    Severity.ERROR,
    "A sampler's parameter is not one that its type takes.",
    "The client would ignore the sampler, or refuse to start.",
    "Give const 0 or 1, probabilistic and remote 0 to 1, ratelimiting traces per second",
    "sampling: {type: probabilistic, param: 50}",
)


class _Range(NamedTuple):
    lowest: float
    highest: float
    meaning: str


_PARAMETERS = {
    "const": _Range(0, 1, "0 (no trace) or 1 (every trace)"),
    "probabilistic": _Range(0, 1, "a share from 0 to 1"),
    "ratelimiting": _Range(0, 1e9, "traces per second"),
    "remote": _Range(0, 1, "a share from 0 to 1, which holds until the agent sends another"),
}
SAMPLERS = tuple(_PARAMETERS)


class Sampler(NamedTuple):
    """Which traces a client reports."""

    type: str = "const"
    param: float = 1


def read_sampler(kind: str | None, param: str | None) -> Sampler | None:
    """Return the sampler that two variables ask for, read as sidecar_tracing reads them.

    None for a variable that is unset or blank means its default. Returns None for a type that
    does not exist, or a parameter that it does not take.
    """
    name = (kind or "").strip().lower().replace("rate_limiting", "ratelimiting") or "const"
    value = _parameter((param or "").strip().lower() or "1")
    known = name in SAMPLERS and value is not None and sampler_parameter(name, value) is None
    return Sampler(name, value) if known and value is not None else None


def sampler_variables(kind: str | None, param: str | None) -> Problem | None:
    """Judge the two variables of a sampler."""
    found = read_sampler(kind, param)
    if found is not None:
        return sampler(found.type, found.param)
    if read_sampler(kind, None) is None:
        return UNKNOWN_SAMPLER.problem(f"{SAMPLER_TYPE} names no sampler of the client")
    return UNKNOWN_SAMPLER.problem(f"{SAMPLER_PARAM} is not a value that the sampler takes")


def sampler(kind: str, param: float) -> Problem | None:
    """Judge whether a sampler hides traces from the gateway."""
    hides = _hides(kind, param)
    if not hides:
        return None
    name = f"the sampler {kind} {param:g}"
    return SAMPLER_HIDES_TRACES.problem(
        f"{name} {hides}: a trace that is not sampled looks like a lost one"
    )


def sampler_parameter(kind: str, param: float) -> Problem | None:
    """Judge the parameter of a sampler of a known type."""
    low, high, meaning = _PARAMETERS[kind]
    if low <= param <= high and (kind != "const" or param in (0, 1)):
        return None
    return SAMPLER_PARAMETER.problem(f"{param} is not valid for {kind}", f"Give {meaning}")


def _hides(kind: str, param: float) -> str:
    """Return what a sampler does to traces; empty where it keeps all."""
    if kind == "const":
        return "" if param else "keeps no trace"
    if kind == "probabilistic":
        return f"hides {100 * (1 - param):.6g}% of all traces" if param < 1 else ""
    if kind == "ratelimiting":
        return f"keeps at most {param:g} traces per second"
    return (
        "lets the gateway decide, through the agent; without an answer "
        "jaeger-client keeps 0.1% of all traces"
    )


def _parameter(text: str) -> float | None:
    if text in ("true", "false"):
        return float(text == "true")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


# Variables ------------------------------------------------------------------------------------

AGENT_OVERRIDDEN = Rule(
    "agent-address-overridden",
    Severity.WARNING,
    "A service's variables name another agent than its own.",
    "The client sends its spans there, and the agent that holds the token gets none.",
    "Remove it: the kit sets it to the service's own agent",
    "environment: {JAEGER_AGENT_HOST: elsewhere}",
)
AGENT_HOST_LOOPBACK = Rule(
    "agent-host-loopback",
    Severity.WARNING,
    "JAEGER_AGENT_HOST is the container itself, and no agent runs there.",
    "UDP packets to a closed port are lost without an error.",
    "Remove it: the kit sets it to the service's own agent",
    "environment: {JAEGER_AGENT_HOST: localhost}",
)
AGENT_HOST_OUTSIDE = Rule(
    "agent-host-outside",
    Severity.WARNING,
    "JAEGER_AGENT_HOST is an agent outside the Compose file.",
    "The kit's agent replaces it; the other one keeps running, perhaps with a token.",
    "Stop the agent there when no other service needs it",
    "environment: {JAEGER_AGENT_HOST: host.docker.internal}",
)
AGENT_HOST_UNKNOWN = Rule(
    "agent-host-unknown",
    Severity.WARNING,
    "JAEGER_AGENT_HOST names no service of the Compose file.",
    "The name does not resolve, and every span is lost.",
    "Remove it: the kit sets it to the service's own agent",
    "environment: {JAEGER_AGENT_HOST: agnet}",
)
UNREADABLE_TAGS = Rule(
    "unreadable-jaeger-tags",
    Severity.WARNING,
    "JAEGER_TAGS is not KEY=VALUE,KEY=VALUE.",
    "jaeger-client raises ValueError when it makes the tracer.",
    "Remove values that contain `=`",
    "environment: {JAEGER_TAGS: a=b=c}",
)
SWITCHED_OFF = Rule(
    "tracing-switched-off",
    Severity.WARNING,
    "A variable switches a service's tracing off.",
    "The service makes no spans, and nothing fails.",
    "Remove it where spans are wanted",
    "environment: {JAEGER_DISABLED: 'true'}",
)
RUNTIME_VARIABLE = Rule(
    "variable-read-by-sidecar-tracing-only",
    Severity.WARNING,
    "A variable has an effect only with sidecar_tracing.",
    "jaeger-client for Python does not read it, and uses what the code sets.",
    "Use sidecar_tracing, which reads it: change the import, see README",
    "environment: {JAEGER_SERVICE_NAME: shop}",
)
UNREAD_VARIABLE = Rule(
    "unread-jaeger-variable",
    Severity.WARNING,
    "No client for Python reads the JAEGER_* variable.",
    "It has no effect.",
    "Set it in code, or remove it",
    "environment: {JAEGER_RPC_METRICS: expvar}",
)
_OFF = {
    "JAEGER_DISABLED": ("1", "true", "yes", "on"),
    "OTEL_SDK_DISABLED": ("true",),
    "OTEL_TRACES_EXPORTER": ("none",),
    "OTEL_TRACES_SAMPLER": ("always_off",),
}
"""Variable → the values, in small letters, with which a client makes no spans."""
_LOOPBACK = r"(?:localhost|127\.[\d.]+|::1)\Z"
_ADDRESS = r"[\d.]+\Z|.*[:.]"
"""An address, or a name with a domain: nothing that a Compose file could name."""
_ENGINE_HOSTS = ("host.docker.internal", "gateway.docker.internal", "docker.for.mac.localhost")


def overridden_agent(name: str) -> Problem | None:
    """Judge whether a variable of a spec's service names another agent."""
    if name not in (AGENT_HOST, AGENT_PORT):
        return None
    return AGENT_OVERRIDDEN.problem("leads away from the service's own agent")


def is_loopback(host: str) -> bool:
    """Tell whether a host is the container itself."""
    return bool(_pattern(_LOOPBACK).match(host))


def agent_host(host: str, known: Container[str], *, shared_network: bool) -> Problem | None:
    """Judge the JAEGER_AGENT_HOST of a Compose file whose services and aliases are `known`.

    On a network that containers share, loopback may be right.
    """
    if not host or host in known:
        return None
    if is_loopback(host):
        cause = f"{AGENT_HOST}={host} is the container itself, where no agent runs"
        return None if shared_network else AGENT_HOST_LOOPBACK.problem(cause)
    if host in _ENGINE_HOSTS or _pattern(_ADDRESS).match(host):
        cause = f"{AGENT_HOST}={host} is outside this file; the kit's agent replaces it"
        return AGENT_HOST_OUTSIDE.problem(cause)
    return AGENT_HOST_UNKNOWN.problem(f"{AGENT_HOST}={host[:63]} names no service of the file")


def jaeger_tags(value: str) -> Problem | None:
    """Judge the value of JAEGER_TAGS as jaeger-client reads it."""
    if not value or all(piece.count("=") == 1 for piece in value.split(",")):
        return None
    cause = "is not KEY=VALUE,KEY=VALUE: jaeger-client raises ValueError when it makes the tracer"
    return UNREADABLE_TAGS.problem(cause)


def switched_off(variables: Mapping[str, str]) -> Judged | None:
    """Judge the variables by which a service makes no spans at all."""
    off = {name: variables.get(name, "").strip().lower() for name in _OFF}
    names = tuple(name for name, value in off.items() if value in _OFF[name])
    if not names:
        return None
    given = ", ".join(f"{name}={off[name]}" for name in names)
    return Judged(names, SWITCHED_OFF.problem(f"{given}: it makes no spans"))


class Judged(NamedTuple):
    """Variables, and the problem that all of them have."""

    names: tuple[str, ...]
    problem: Problem


def unread_variables(names: Iterable[str]) -> list[Judged]:
    """Judge the names of a service's variables: JAEGER_* variables without an effect."""
    unread = [name for name in names if name.startswith("JAEGER_") and name not in CLIENT_READS]
    found = []
    if runtime := tuple(name for name in unread if name in RUNTIME_READS):
        cause = f"jaeger-client for Python does not read {', '.join(runtime)}"
        found.append(Judged(runtime, RUNTIME_VARIABLE.problem(cause)))
    if others := tuple(name for name in unread if name not in RUNTIME_READS):
        cause = f"neither jaeger-client for Python nor sidecar_tracing reads {', '.join(others)}"
        found.append(Judged(others, UNREAD_VARIABLE.problem(cause)))
    return found


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
