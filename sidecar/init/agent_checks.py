"""What is wrong with a hand-made agent: each check returns findings, none prints a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import agent as agents
from sidecar.findings import Finding, Severity
from sidecar.init import secrets, software
from sidecar.init.agents import QUEUE, TAGS, WORKERS
from sidecar.init.gateways import lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sidecar.init.agents import HandMadeAgent
    from sidecar.init.composefile import ComposeFile, Text
    from sidecar.regions import Region
    from sidecar.spec import Capacity

AGENT_PORTS = (5775, 6831, 6832, 5778, 14271)
STOCK_WORKERS, STOCK_QUEUE = 10, 1000
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


def check_agent(agent: HandMadeAgent, context: Context) -> list[Finding]:
    """Return what is wrong with a hand-made agent, the gravest first."""
    return [finding for check in _CHECKS for finding in check(agent, context)]


def _warn(agent: HandMadeAgent, place: str, cause: str, fix: str) -> Finding:
    return Finding(Severity.WARNING, agent.service.name, place, cause, fix)


def _token_in_argv(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    for flag in TAGS:
        value = agent.flags.get(flag)
        if value and _carries_token(value, context.file.tokens):
            by = f" (Compose puts {_variables(value)} in)" if value.resolved.variables else ""
            yield _warn(
                agent,
                value.place,
                f"the token is an argument{by}: whoever reaches :{agents.ADMIN_PORT}/debug/pprof/cmdline, /proc or "
                "`docker inspect` reads it",
                "Ask for a new token, and let `sidecar token set` put it into a file that only the agent reads",
            )


def _token_in_environment(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    for name, value in agent.service.environment.items():
        is_tags = name in ("AGENT_TAGS", "JAEGER_TAGS")
        if secrets.TOKEN_NAME.fullmatch(name) or (is_tags and _carries_token(value, context.file.tokens)):
            yield _warn(
                agent,
                value.place,
                f"the token is in the environment ({name}): /proc and `docker inspect` show it",
                "Let `sidecar token set` put it into a file that only the agent reads",
            )


def _carries_token(value: Text, tokens: Iterable[str]) -> bool:
    return "Authentication" in value.raw or secrets.holds_token(value.text, tokens)


def _variables(value: Text) -> str:
    return ", ".join(f"${name}" for name in value.resolved.variables)


def _unreadable_tags(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    for flag in TAGS:
        value = agent.settings.get(flag)
        if value and any("=" not in piece for piece in value.raw.split(",")):
            cause = f"a piece of --{flag} has no `=`: the agent panics at start and prints it"
            yield _warn(agent, value.place, cause, "Write NAME=VALUE; a comma ends a value")


def _flags_of_another_version(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    for flag, value in agent.flags.items():
        if agent.version is None or flag not in FLAG_VERSIONS:
            continue
        since, gone, other = FLAG_VERSIONS[flag]
        version = ".".join(map(str, agent.version))
        if agent.version < since:
            cause = (
                f"--{flag} is not known to {version}, the first with it is {_short(since)}: the agent does not start"
            )
            yield _warn(agent, value.place, cause, f"Use {other}; the kit renders the flags of the version")
        elif gone and agent.version >= gone:
            cause = f"--{flag} is not known to {version}, it went with {_short(gone)}: the agent does not start"
            yield _warn(agent, value.place, cause, f"Use {other}; the kit renders the flags of the version")
        elif flag in ("collector.host-port", "reporter.tchannel.host-port"):
            cause = f"--{flag} speaks TChannel, and a region's gateway takes gRPC"
            yield _warn(agent, value.place, cause, f"Use {other}")


def _short(version: tuple[int, int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _gateway(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    address = agent.gateway
    if agent.kind == "all-in-one":
        return
    if address is None:
        if "config-file" not in agent.settings:
            cause = "names no gateway: spans end in this agent"
            yield _warn(agent, agent.service.place, cause, "Give the region with --region")
        return
    found = lookup(address, context.regions)
    if not address.complete:
        cause = f"its gateway is {address.raw}, and {_variables(address)} has no default"
        yield _warn(agent, address.place, cause, "Give the region with --region")
    elif found.region:
        cause = f"reports to {found.region} ({found.network} host)"
        yield Finding(Severity.OK, agent.service.name, address.place, cause)
        if found.port not in (GATEWAY_PORT, "1883"):
            cause = f"reports to port {found.port or '(none)'}; the gateway takes gRPC on {GATEWAY_PORT}"
            yield _warn(agent, address.place, cause, f"Use {found.host}:{GATEWAY_PORT}")
        if found.network == "vpc":
            cause = f"{found.host} answers inside the VPC of {found.region} only"
            yield _warn(agent, address.place, cause, "Outside it take gateway.network public")
    else:
        fix = f"Did you mean {found.nearest}?" if found.nearest else "`sidecar regions` lists the catalogue's hosts"
        yield _warn(agent, address.place, f"its gateway {found.host} is not in the catalogue", fix)


def _published_ports(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind == "embedded":
        return
    open_ports = [port for port in agent.service.ports if port.target in AGENT_PORTS]
    if open_ports:
        numbers = ", ".join(str(number) for number in dict.fromkeys(port.target for port in open_ports))
        everywhere = any(port.host in ("", "0.0.0.0", "::") for port in open_ports)  # noqa: S104 - looked for, not bound
        on = "on all interfaces of the host" if everywhere else "on the host"
        cause = f"{numbers} published {on}: without authentication, whoever reaches them sends spans or reads settings"
        yield _warn(agent, open_ports[0].place, cause, "Take `ports` out; services reach it on their own network")


def _network_mode(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    mode, place = agent.service.network_mode, agent.service.place_of("network_mode")
    if mode.startswith(("service:", "container:")):
        cause = (
            f"network_mode {mode}: when that container restarts, the agent has no network until it is restarted, too"
        )
        yield _warn(agent, place, cause, "The kit gives each service and its agent a network of their own")
    elif mode == "host":
        cause = f"network_mode host: {', '.join(map(str, AGENT_PORTS))} listen on all interfaces of the host"
        yield _warn(agent, place, cause, "The kit gives each service and its agent a network of their own")


def _image_tag(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    image = agent.service.image
    if agent.kind == "embedded" or image is None or software.tag(image.text) not in ("", "latest"):
        return
    cause = f"{image.text} is whatever is newest on the day it is pulled"
    yield _warn(agent, image.place, cause, "Name a version; 1.62.0 is the last agent")


def _no_restart(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind != "embedded" and agent.service.restart in ("", "no", "none", "false"):
        cause = "no restart policy: after a crash or a reboot spans are lost until somebody starts it"
        yield _warn(agent, agent.service.place_of("restart"), cause, "The kit's agents restart unless stopped")


def _no_memory_limit(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind != "embedded" and agent.service.memory_mib is None:
        cause = "no memory limit: where the gateway hangs, its queue grows into the memory of its neighbours"
        yield _warn(agent, agent.service.place, cause, "The kit computes the limit from the capacity")


def _stock_sizes(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    workers, queue = (_number(agent, flag, stock) for flag, stock in ((WORKERS, STOCK_WORKERS), (QUEUE, STOCK_QUEUE)))
    rate = context.capacity.spans_per_second * context.clients
    ceiling = workers * agents.STOCK_BATCH * 1000 // context.capacity.round_trip_ms
    if agent.kind == "all-in-one" or ceiling >= rate:
        return
    held = queue * agents.STOCK_BATCH
    of = f" from {context.clients} containers" if context.clients > 1 else ""
    cause = (
        f"{workers} workers forward {ceiling:,} spans/s at {context.capacity.round_trip_ms} ms: of {rate:,} "
        f"spans/s{of}, {_percent(1 - ceiling / rate)} are lost once its queue of {queue:,} packets is full, after "
        f"{held / (rate - ceiling):.1f} s"
    )
    place = next(
        (agent.settings[flag].place for flag in (WORKERS, QUEUE) if flag in agent.settings), agent.service.place
    )
    yield _warn(
        agent, place, cause, "The kit sizes each service's agent for its capacity; docs/tuning.md has the formula"
    )


def _number(agent: HandMadeAgent, flag: str, stock: int) -> int:
    text = agent.settings[flag].text if flag in agent.settings else ""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) else stock


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _embedded(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind == "embedded":
        cause = (
            "starts an agent inside its own container: when that ends nobody restarts it; its command is not taken over"
        )
        place = (agent.service.command or agent.service.entrypoint or ())[0].place
        yield _warn(agent, place, cause, "Give `command` without the agent; the kit runs one beside the service")


_CHECKS: tuple[Callable[[HandMadeAgent, Context], Iterable[Finding]], ...] = (
    _token_in_argv,
    _token_in_environment,
    _unreadable_tags,
    _flags_of_another_version,
    _gateway,
    _published_ports,
    _network_mode,
    _embedded,
    _image_tag,
    _no_restart,
    _no_memory_limit,
    _stock_sizes,
)
