"""What is wrong with how somebody runs an agent by hand: ports, network, restart, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agents

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLISHED_PORTS = Rule(
    "published-agent-ports",
    Severity.WARNING,
    "The agent's ports are published on the host.",
    "They have no authentication: whoever reaches them sends spans or reads settings.",
    "Remove `ports`; services reach the agent on their own network",
    "ports: ['6831:6831/udp']",
)
OVER_TCP = Rule(
    "agent-port-over-tcp",
    Severity.WARNING,
    "A port at which an agent takes spans is published for TCP alone.",
    "Spans come over UDP: from outside, none arrives, and nobody sees an error.",
    "Add `/udp` to the port, or remove it; services reach the agent on their own network",
    "ports: ['6831:6831']",
)
SHARED_NETWORK = Rule(
    "agent-network-mode",
    Severity.WARNING,
    "The agent uses the network of another container or of the host.",
    "It loses its network when that container restarts; on the host all its ports are open.",
    "The kit gives each service and its agent a network of their own",
    "network_mode: host",
)
EMBEDDED = Rule(
    "embedded-agent",
    Severity.WARNING,
    "A service starts an agent inside its own container.",
    "When that agent exits, nobody restarts it, and spans are lost silently.",
    "Give `command` without the agent; the kit runs one as a sidecar of the service",
    "command: sh -c 'agent-linux --reporter.grpc.host-port=gateway:1883 & python app.py'",
)
NO_RESTART = Rule(
    "agent-without-restart",
    Severity.WARNING,
    "The agent has no restart policy.",
    "After a crash or a reboot, spans are lost until somebody starts it.",
    "Set `restart: unless-stopped`, as the kit does for its agents",
    "restart: 'no'",
)
NO_MEMORY_LIMIT = Rule(
    "agent-without-memory-limit",
    Severity.WARNING,
    "The agent has no memory limit.",
    "If the gateway hangs, the agent's queue grows and takes memory from other containers.",
    "Set `mem_limit`; the kit computes it from the capacity",
    "image: jaegertracing/jaeger-agent:1.62.0 without mem_limit",
)
STOCK_SIZES = Rule(
    "agent-sizes-too-small",
    Severity.WARNING,
    "The agent's workers cannot forward everything that its clients send.",
    "Its queue fills, and it drops the rest.",
    "The kit sizes each service's agent for its capacity; docs/tuning.md has the formula",
    "--processor.jaeger-compact.workers=10 for 2,000 spans/s at 200 ms",
)
NAME_A_VERSION = f"Name a version; {agents.DEFAULT_VERSION} is the last of the agent"
"""The fix of services.image_tag for an agent's image."""


class PublishedPort(NamedTuple):
    """A container's port that is published on the host."""

    host: str
    """The host's address; empty: all."""
    target: int
    protocol: str

    @property
    def is_open(self) -> bool:
        """Whether the agent listens at it, with this protocol."""
        return self.target in agents.PORTS and (self.protocol == "udp") == (
            self.target in agents.UDP_PORTS
        )

    @property
    def is_mistaken(self) -> bool:
        """Whether spans would come over UDP, and it is not published for that."""
        return self.target in agents.UDP_PORTS and self.protocol != "udp"


def published_ports(ports: Iterable[PublishedPort]) -> Problem | None:
    """Judge the ports of a hand-made agent that are published."""
    open_ports = [port for port in ports if port.is_open]
    if not open_ports:
        return None
    numbers = ", ".join(map(str, dict.fromkeys(port.target for port in open_ports)))
    hosts = {port.host for port in open_ports}
    everywhere = not hosts.isdisjoint(("", "0.0.0.0", "::"))  # noqa: S104 - compared, not bound
    where = "on all interfaces of the host" if everywhere else "on the host"
    cause = (
        f"{numbers} published {where}: without authentication, "
        "whoever reaches them sends spans or reads settings"
    )
    return PUBLISHED_PORTS.problem(cause)


def over_tcp(ports: Iterable[PublishedPort]) -> Problem | None:
    """Judge the ports for UDP of a hand-made agent that are published for TCP."""
    given = list(ports)
    right = {port.target for port in given if port.is_open}
    wrong = dict.fromkeys(port.target for port in given if port.is_mistaken)
    numbers = ", ".join(str(port) for port in wrong if port not in right)
    if not numbers:
        return None
    cause = (
        f"{numbers} published for TCP alone, and spans come over UDP: from outside, none arrives"
    )
    return OVER_TCP.problem(cause)


def network_mode(mode: str) -> Problem | None:
    """Judge Compose's network_mode of a hand-made agent."""
    if mode.startswith(("service:", "container:")):
        cause = (
            f"network_mode {mode}: when that container restarts, "
            "the agent has no network until it is restarted, too"
        )
        return SHARED_NETWORK.problem(cause)
    if mode == "host":
        ports = ", ".join(map(str, agents.PORTS))
        cause = f"network_mode host: {ports} listen on all interfaces of the host"
        return SHARED_NETWORK.problem(cause)
    return None


def embedded(kind: str) -> Problem | None:
    """Judge the kind of a hand-made agent: agent, all-in-one, or embedded in a service."""
    if kind != "embedded":
        return None
    cause = "starts an agent inside its own container: when that agent ends, nobody restarts it"
    return EMBEDDED.problem(cause)


def restart(policy: str) -> Problem | None:
    """Judge Compose's restart policy of a hand-made agent."""
    if policy not in ("", "no", "none", "false"):
        return None
    cause = "no restart policy: after a crash or a reboot, spans are lost until somebody starts it"
    return NO_RESTART.problem(cause)


def memory_limit(mebibytes: int | None, kind: str = "agent") -> Problem | None:
    """Judge the memory limit of a hand-made agent; None where it has none."""
    if mebibytes is not None:
        return None
    grows = "if the gateway hangs, its queue grows and takes"
    if kind == "all-in-one":
        grows = "the traces that it holds take"
    return NO_MEMORY_LIMIT.problem(f"no memory limit: {grows} memory from other containers")


class Load(NamedTuple):
    """What an agent has to forward."""

    spans_per_second: int
    """Of one client."""
    clients: int
    round_trip_ms: int
    """To the gateway and back."""


def sizes(workers: str, queue: str, load: Load) -> Problem | None:
    """Judge the workers and queue of a hand-made agent; an empty text is the stock size."""
    rate = load.spans_per_second * load.clients
    count = _size(workers, agents.STOCK_WORKERS)
    ceiling = count * agents.STOCK_BATCH * 1000 // load.round_trip_ms
    if ceiling >= rate:
        return None
    packets = _size(queue, agents.STOCK_QUEUE)
    source = f" from {load.clients} containers" if load.clients > 1 else ""
    lost = f"{1 - ceiling / rate:.0%}"
    cause = (
        f"{count} workers forward {ceiling:,} spans/s at {load.round_trip_ms} ms: "
        f"of {rate:,} spans/s{source}, {lost} are lost once its queue of {packets:,} packets "
        f"is full, after {packets * agents.STOCK_BATCH / (rate - ceiling):.1f} s"
    )
    return STOCK_SIZES.problem(cause)


def _size(text: str, stock: int) -> int:
    readable = text.isascii() and text.isdigit() and len(text) < 7
    return int(text) if readable and int(text) else stock
