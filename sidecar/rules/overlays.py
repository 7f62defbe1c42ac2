"""What is in the way of agents for the services of a Compose file that stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agents

if TYPE_CHECKING:
    from collections.abc import Iterable

OVERRIDE_SINCE = (2, 24, 4)
"""The first Compose with `!override`."""

NOTHING_TRACED = Rule(
    "no-traced-service",
    Severity.ERROR,
    "No service of a Compose file shows that it is traced.",
    "Without a traced service, there is nothing to run an agent for.",
    "Name one with --service NAME, or in the spec's `services`",
    "services: {web: {image: 'web:1'}}",
)
TRACER_STAYS = Rule(
    "tracer-stays",
    Severity.WARNING,
    "A tracing backend of the Compose file goes on running.",
    "Traced services report to their own agents now; what still names the backend does not.",
    "Replace it with --replace NAME",
    "tracer: {image: 'jaegertracing/all-in-one:1.54'}",
)
AGENT_STAYS = Rule(
    "agent-stays",
    Severity.WARNING,
    "A hand-made agent goes on running, next to the kit's.",
    "Other services still need it.",
    "Trace those services, too, or replace the agent with --replace NAME",
    "sidecar inject docker-compose.yml --service web, where api reports to the agent",
)
AGENT_MISSED = Rule(
    "agent-may-be-missed",
    Severity.WARNING,
    "A service that is not traced may report to a hand-made agent that is replaced.",
    "The agent's name may be in its code: then its spans are lost.",
    "If it makes spans, name it with --service, next to the others",
    "a Python service without a variable, in the network of the agent",
)
NAMES_A_TRACER = Rule(
    "host-names-a-tracer",
    Severity.WARNING,
    "A variable of a traced service names a tracing backend that stays.",
    "If the service's tracer reads the variable, its spans go there, past the agent.",
    "Replace the backend with --replace NAME: its name then resolves to the agent",
    "environment: {JAEGER_HOST: tracer}",
)
NO_PRIVATE_NETWORK = Rule(
    "no-network-for-an-agent",
    Severity.ERROR,
    "A service cannot join a network with its agent.",
    "An agent that the service cannot reach gets no span.",
    "Remove network_mode, or leave the service out with --not NAME",
    "network_mode: none",
)
HOST_PORT_TAKEN = Rule(
    "agent-port-taken-on-host",
    Severity.ERROR,
    "A port of the host that an agent needs is taken by another service.",
    "The agent exits as soon as it starts, and every span is lost.",
    "Replace the other service with --replace NAME, or change its ports",
    "network_mode: host, where an all-in-one publishes 6831",
)
COMPOSE_TOO_OLD = Rule(
    "compose-without-override",
    Severity.ERROR,
    "Compose is too old for an overlay that replaces a hand-made agent.",
    "It does not know `!override`, and refuses the file.",
    "Update Compose to 2.24.4 or later",
    "Compose 2.20.0",
)
NOT_COMPARED = Rule(
    "not-compared",
    Severity.WARNING,
    "The stack was not compared before and after.",
    "It is not known whether the overlay changes more than it should.",
    "Install Compose v2, and run the command again",
    "a machine without Compose",
)


def nothing_traced(services: int) -> Problem | None:
    """Judge how many services are traced."""
    if services:
        return None
    cause = "no service shows that it is traced; the table says why"
    return NOTHING_TRACED.problem(cause)


def tracer_stays(name: str, what: str) -> Problem:
    """Return what a tracing backend that stays means."""
    cause = f"{what}: it stays, and the traced services no longer report to it"
    return TRACER_STAYS.problem(cause, f"If nothing else needs it, give --replace {name}")


def agent_stays(name: str, users: Iterable[str], *, others: bool = False) -> Problem | None:
    """Judge who still needs a hand-made agent; no one, where it can go.

    `others` are among them that send what the kit's agents do not take.
    """
    needed = ", ".join(users)
    if not needed:
        return None
    cause = f"hand-made agent: it stays, since {needed} still needs it"
    trace = "Nothing to do" if others else f"Trace {needed}, too"
    return AGENT_STAYS.problem(cause, f"{trace}, or give --replace {name}")


def agent_missed(users: Iterable[str]) -> Problem | None:
    """Judge who may still report to a hand-made agent that is replaced."""
    names = ", ".join(users)
    if not names:
        return None
    cause = f"hand-made agent: replaced, but {names} may report to it by a name in code"
    return AGENT_MISSED.problem(cause, f"If so, name {names} with --service, next to the others")


def names_a_tracer(variable: str, tracer: str) -> Problem:
    """Return what a variable of a traced service means that names a backend that stays."""
    cause = f"{variable} names {tracer}, which stays: spans that go there do not reach the agent"
    fix = f"Give --replace {tracer}: its name then resolves to the service's own agent"
    return NAMES_A_TRACER.problem(cause, fix)


def network_mode(mode: str, region_is_local: bool = False) -> Problem | None:
    """Judge Compose's network_mode of a service that is to be traced, or of its namespace."""
    if mode == "host" and region_is_local:
        cause = "network_mode host: the stand-in of `local` is not reached from the host's network"
        return NO_PRIVATE_NETWORK.problem(cause, "Name another region, or --not NAME")
    if mode in ("", "host") or mode.startswith("service:"):
        return None
    return NO_PRIVATE_NETWORK.problem(f"network_mode {mode}: no agent can be reached from there")


def host_ports(taken: Iterable[tuple[int, str]], other: str) -> Problem | None:
    """Judge the host's ports, with protocols, that another service takes next to an agent there."""
    clashing = sorted(set(taken) & set(agents.TAKEN))
    if not clashing:
        return None
    ports = ", ".join(str(port) for port, _ in clashing)
    cause = f"takes {ports} on the host, which the agent of services with network_mode host needs"
    return HOST_PORT_TAKEN.problem(cause, f"Give --replace {other}, or change its ports")


def not_compared(cause: str) -> Problem | None:
    """Judge why a stack was not compared before and after; empty: it was."""
    return NOT_COMPARED.problem(f"was not compared before and after: {cause}") if cause else None


def compose_version(version: tuple[int, ...], text: str) -> Problem | None:
    """Judge Compose for an overlay that replaces values."""
    if version >= OVERRIDE_SINCE:
        return None
    return COMPOSE_TOO_OLD.problem(f"is {text}, which does not know `!override`")
