"""What is wrong with a hand-made agent: each check returns findings, the gravest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import agent as agents
from sidecar.checks.agent_settings import SETTINGS_CHECKS
from sidecar.existing.compose import software
from sidecar.existing.compose.agents import QUEUE, WORKERS
from sidecar.existing.compose.notes import warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar.checks.agent_settings import Context
    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.findings import Finding

AGENT_PORTS = (5775, 6831, 6832, 5778, 14271)
STOCK_WORKERS, STOCK_QUEUE = 10, 1000


def check_agent(agent: HandMadeAgent, context: Context) -> list[Finding]:
    """Return what is wrong with a hand-made agent, the gravest first."""
    return [finding for check in _CHECKS for finding in check(agent, context)]


def _published_ports(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind == "embedded":
        return
    open_ports = [port for port in agent.service.ports if port.target in AGENT_PORTS]
    if open_ports:
        numbers = ", ".join(
            str(number) for number in dict.fromkeys(port.target for port in open_ports)
        )
        everywhere = any(port.host in ("", "0.0.0.0", "::") for port in open_ports)  # noqa: S104 - looked for, not bound
        on = "on all interfaces of the host" if everywhere else "on the host"
        cause = f"{numbers} published {on}: without authentication, whoever reaches them sends spans or reads settings"
        yield warning(
            agent.service,
            open_ports[0].place,
            cause,
            "Take `ports` out; services reach it on their own network",
        )


def _network_mode(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    mode, place = agent.service.network_mode, agent.service.place_of("network_mode")
    if mode.startswith(("service:", "container:")):
        cause = f"network_mode {mode}: when that container restarts, the agent has no network until it is restarted, too"
        yield warning(
            agent.service,
            place,
            cause,
            "The kit gives each service and its agent a network of their own",
        )
    elif mode == "host":
        cause = f"network_mode host: {', '.join(map(str, AGENT_PORTS))} listen on all interfaces of the host"
        yield warning(
            agent.service,
            place,
            cause,
            "The kit gives each service and its agent a network of their own",
        )


def _image_tag(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    image = agent.service.image
    if agent.kind == "embedded" or image is None or software.tag(image.text) not in ("", "latest"):
        return
    cause = f"{image.text} is whatever is newest on the day it is pulled"
    yield warning(agent.service, image.place, cause, "Name a version; 1.62.0 is the last agent")


def _no_restart(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind != "embedded" and agent.service.restart in ("", "no", "none", "false"):
        cause = (
            "no restart policy: after a crash or a reboot spans are lost until somebody starts it"
        )
        yield warning(
            agent.service,
            agent.service.place_of("restart"),
            cause,
            "The kit's agents restart unless stopped",
        )


def _no_memory_limit(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind != "embedded" and agent.service.memory_mib is None:
        cause = "no memory limit: where the gateway hangs, its queue grows into the memory of its neighbours"
        yield warning(
            agent.service,
            agent.service.place,
            cause,
            "The kit computes the limit from the capacity",
        )


def _stock_sizes(agent: HandMadeAgent, context: Context) -> Iterable[Finding]:
    workers, queue = (
        _number(agent, flag, stock)
        for flag, stock in ((WORKERS, STOCK_WORKERS), (QUEUE, STOCK_QUEUE))
    )
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
        (agent.settings[flag].place for flag in (WORKERS, QUEUE) if flag in agent.settings),
        agent.service.place,
    )
    yield warning(
        agent.service,
        place,
        cause,
        "The kit sizes each service's agent for its capacity; docs/tuning.md has the formula",
    )


def _number(agent: HandMadeAgent, flag: str, stock: int) -> int:
    text = agent.settings[flag].text if flag in agent.settings else ""
    return (
        int(text)
        if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text)
        else stock
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _embedded(agent: HandMadeAgent, _context: Context) -> Iterable[Finding]:
    if agent.kind == "embedded":
        cause = "starts an agent inside its own container: when that ends nobody restarts it; its command is not taken over"
        place = (agent.service.command or agent.service.entrypoint or ())[0].place
        yield warning(
            agent.service,
            place,
            cause,
            "Give `command` without the agent; the kit runs one beside the service",
        )


_CHECKS: tuple[Callable[[HandMadeAgent, Context], Iterable[Finding]], ...] = (
    *SETTINGS_CHECKS,
    _published_ports,
    _network_mode,
    _embedded,
    _image_tag,
    _no_restart,
    _no_memory_limit,
    _stock_sizes,
)
