"""What is wrong with a hand-made agent's settings: token, tags, flags of another version, gateway.

No finding prints a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import agent as agents
from sidecar.checks.gateways import lookup
from sidecar.existing.compose import secrets
from sidecar.existing.compose.agents import TAGS
from sidecar.existing.compose.notes import warning
from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, Text
    from sidecar.regions import Region
    from sidecar.spec import Capacity

GATEWAY_PORT = "1883"
FLAG_VERSIONS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int] | None, str]] = {
    "jaeger.tags": ((1, 0, 0), (1, 22, 0), "--agent.tags"),
    "agent.tags": ((1, 16, 0), None, "--jaeger.tags"),
    "admin.http.host-port": ((1, 18, 0), None, "--admin-http-port"),
    "admin-http-port": ((1, 0, 0), (1, 26, 0), "--admin.http.host-port"),
    "health-check-http-port": ((1, 0, 0), (1, 26, 0), "--admin.http.host-port"),
    "collector.host-port": ((1, 0, 0), (1, 18, 0), "--reporter.grpc.host-port"),
    "reporter.tchannel.host-port": ((1, 0, 0), (1, 18, 0), "--reporter.grpc.host-port"),
    "discovery.min-peers": ((1, 0, 0), (1, 18, 0), "--reporter.grpc.discovery.min-peers"),
    "processor.jaeger-compact.server-socket-buffer-size": ((1, 20, 0), None, "nothing"),
}
"""Flag → first version, first version without it, its counterpart: from the sources of v1.15.1 to v1.62.0."""


@dataclass(frozen=True)
class Context:
    """What the checks know besides the agent."""

    file: ComposeFile
    regions: Mapping[str, Region]
    capacity: Capacity
    clients: int
    """Containers that report to the agent, at least 1."""


def _token_in_argv(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    for flag in TAGS:
        value = agent.flags.get(flag)
        if value and _carries_token(value, context.file.tokens) and not _expanded_by_agent(value):
            by = f" (Compose puts {_variables(value)} in)" if value.resolved.variables else ""
            yield warning(
                agent.service,
                value.place,
                f"the token is an argument{by}: whoever reaches :{agents.ADMIN_PORT}/debug/pprof/cmdline, /proc or "
                "`docker inspect` reads it",
                "Ask for a new token, and let `sidecar token set` put it into a file that only the agent reads",
            )


def _token_in_environment(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    for name, value in agent.service.environment.items():
        is_tags = name in ("AGENT_TAGS", "JAEGER_TAGS")
        unset = secrets.TOKEN_NAME.fullmatch(name) and not value.complete
        if (
            unset
            or secrets.names_token(name, value.text)
            or (is_tags and _carries_token(value, context.file.tokens))
        ):
            yield warning(
                agent.service,
                value.place,
                f"the token is in the environment ({name}): /proc and `docker inspect` show it",
                "Let `sidecar token set` put it into a file that only the agent reads",
            )


def _carries_token(value: Text, tokens: Iterable[str]) -> bool:
    return "Authentication" in value.raw or secrets.holds_token(value.text, tokens)


def _expanded_by_agent(value: Text) -> bool:
    """Tell whether the agent gets `${NAME}` and reads its own environment."""
    pieces = [
        piece.partition("=")[2].strip()
        for piece in value.text.split(",")
        if "Authentication" in piece
    ]
    return bool(pieces) and all(piece.startswith("${") for piece in pieces)


def _variables(value: Text) -> str:
    return ", ".join(f"${name}" for name in value.resolved.variables)


def _unreadable_tags(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    for flag in TAGS:
        value = agent.settings.get(flag)
        if value and any("=" not in piece for piece in value.raw.split(",")):
            cause = f"a piece of --{flag} has no `=`: the agent panics at start and prints it"
            yield warning(
                agent.service, value.place, cause, "Write NAME=VALUE; a comma ends a value"
            )


def _no_token(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    sets_tags = any(flag in agent.settings for flag in (*TAGS, "config-file"))
    if agent.kind != "all-in-one" and agent.gateway and not sets_tags:
        cause = "sends no token: a region's gateway drops or refuses what comes without one"
        yield warning(
            agent.service,
            agent.gateway.place,
            cause,
            "Take it from the console, then `sidecar token set`",
        )


def _flags_of_another_version(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    for flag, value in agent.flags.items():
        if agent.version is None or flag not in FLAG_VERSIONS:
            continue
        since, gone, other = FLAG_VERSIONS[flag]
        version = ".".join(map(str, agent.version))
        if agent.version < since:
            cause = f"--{flag} is not known to {version}, the first with it is {_short(since)}: the agent does not start"
            yield warning(
                agent.service,
                value.place,
                cause,
                f"Use {other}; the kit renders the flags of the version",
            )
        elif gone and agent.version >= gone:
            cause = f"--{flag} is not known to {version}, it went with {_short(gone)}: the agent does not start"
            yield warning(
                agent.service,
                value.place,
                cause,
                f"Use {other}; the kit renders the flags of the version",
            )
        elif flag in ("collector.host-port", "reporter.tchannel.host-port"):
            cause = f"--{flag} speaks TChannel, and a region's gateway takes gRPC"
            yield warning(agent.service, value.place, cause, f"Use {other}")


def _short(version: tuple[int, int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _gateway(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    address = agent.gateway
    if agent.kind == "all-in-one":
        return
    if address is None:
        if "config-file" not in agent.settings:
            cause = "names no gateway: spans end in this agent"
            yield warning(
                agent.service, agent.service.place, cause, "Give the region with --region"
            )
        return
    found = lookup(address, context.regions)
    if not address.complete:
        cause = f"its gateway is {address.raw}, and {_variables(address)} has no default"
        yield warning(agent.service, address.place, cause, "Give the region with --region")
    elif found.region:
        cause = f"reports to {found.region} ({found.network} host)"
        yield Finding(Severity.OK, agent.service.name, address.place, cause)
        if found.port not in (GATEWAY_PORT, "1883"):
            cause = f"reports to port {found.port or '(none)'}; the gateway takes gRPC on {GATEWAY_PORT}"
            yield warning(agent.service, address.place, cause, f"Use {found.host}:{GATEWAY_PORT}")
        if found.network == "vpc":
            cause = f"{found.host} answers inside the VPC of {found.region} only"
            yield warning(
                agent.service, address.place, cause, "Outside it take gateway.network public"
            )
    else:
        fix = (
            f"Did you mean {found.nearest}?"
            if found.nearest
            else "`sidecar regions` lists the catalogue's hosts"
        )
        yield warning(
            agent.service, address.place, f"its gateway {found.host} is not in the catalogue", fix
        )


SETTINGS_CHECKS: tuple[Callable[[HandMadeAgent, Context], Iterable[Finding]], ...] = (
    _token_in_argv,
    _token_in_environment,
    _unreadable_tags,
    _no_token,
    _flags_of_another_version,
    _gateway,
)
