"""What is decided about an agent: its sizes, arguments, health check and configuration file."""

from __future__ import annotations

import math
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import image_names, yamlio
from sidecar.errors import SidecarError
from sidecar.regions import GRPC
from sidecar.rules import agents as rules
from sidecar.rules.agent_settings import CLIENT_PACKET
from sidecar.rules.recognition import PREFIX
from sidecar.rules.specs import CONFLICTING_VALUES
from sidecar.spec import COLLECTOR, JAEGER_AGENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.image_names import Image
    from sidecar.regions import Gateway
    from sidecar.rules.agent_flags import Version
    from sidecar.spec import AgentSettings, Capacity, GatewaySettings

PROGRAM = "/go/bin/agent-linux"
USER = "10001:10001"
"""The user of the official image from 1.22; older images name none, and run as this one, too."""
CONFIG_FILE = TOKEN_FILE = "/run/secrets/agent.yaml"  # noqa: S105 - a path
"""Inside the container."""
_COMPACT = "--processor.jaeger-compact.server"
_EVERYWHERE, _LOOPBACK = "0.0.0.0", "127.0.0.1"  # noqa: S104 - inside its own network

HEADROOM = 1.6
STALL_SECONDS = 5
MAX_PACKET = CLIENT_PACKET
SOCKET_BUFFER = 4 * 1024 * 1024
WORKERS = (rules.STOCK_WORKERS, 1000)
QUEUE = (rules.STOCK_QUEUE, 4000)


@dataclass(frozen=True)
class Tuning:
    """The agent's sizes for a capacity; docs/tuning.md has the formulas and limits."""

    workers: int
    """Concurrent calls to the gateway."""
    queue_packets: int
    """Packets that wait for a worker."""
    max_packet_bytes: int
    socket_buffer_bytes: int
    """Requested from the kernel, which limits it to net.core.rmem_max."""
    ceiling_spans_per_second: int
    """What the workers forward at the round trip if every packet holds STOCK_BATCH spans."""
    memory_mib: int


def tune(capacity: Capacity) -> Tuning:
    """Return the sizes for a capacity.

    They hold workers x spans per packet / round trip >= rate x headroom, for the packets of an
    untouched client: services need not use sidecar_tracing.
    """
    packets_per_second = capacity.spans_per_second / rules.STOCK_BATCH
    round_trip = capacity.round_trip_ms / 1000
    workers = _clamp(math.ceil(packets_per_second * round_trip * HEADROOM), *WORKERS)
    queue = _clamp(math.ceil(packets_per_second * STALL_SECONDS), *QUEUE)
    return Tuning(
        workers=workers,
        queue_packets=queue,
        max_packet_bytes=MAX_PACKET,
        socket_buffer_bytes=SOCKET_BUFFER,
        ceiling_spans_per_second=math.floor(workers * rules.STOCK_BATCH / round_trip),
        memory_mib=_memory_mib(queue),
    )


def argv(
    agent: AgentSettings,
    gateway: Gateway,
    tuning: Tuning,
    *,
    config_file: str = CONFIG_FILE,
    tls: bool = False,
) -> tuple[str, ...]:
    """Return the agent's arguments, without the program.

    The token is not among them: `config_file` holds it. Raises SidecarError for a version that is
    not a jaeger-agent version, and for TLS with one that is not known to speak it.
    """
    version = parse_version(agent.version)
    if tls and (problem := rules.tls(version)):
        raise SidecarError.from_problem("gateway.tls", problem)
    return (
        f"--config-file={config_file}",
        f"--{rules.REPORTER}={_target(gateway)}",
        *(("--reporter.grpc.tls.enabled=true",) if tls else ()),
        _admin(version),
        f"--http-server.host-port={_EVERYWHERE}:{rules.SAMPLING_PORT}",
        f"{_COMPACT}-host-port={_EVERYWHERE}:{rules.COMPACT_PORT}",
        f"{_COMPACT}-max-packet-size={tuning.max_packet_bytes}",
        f"{_COMPACT}-queue-size={tuning.queue_packets}",
        *_socket_buffer(version, tuning),
        f"--processor.jaeger-compact.workers={tuning.workers}",
        # Python's client speaks the compact protocol only; the other listeners stay out of reach
        f"--processor.jaeger-binary.server-host-port={_LOOPBACK}:{rules.BINARY_PORT}",
        f"--processor.zipkin-compact.server-host-port={_LOOPBACK}:{rules.ZIPKIN_PORT}",
    )


def on_loopback(arguments: Iterable[str], folder: str) -> list[str]:
    """Return an agent's arguments where its services share its loopback: a pod, or a host.

    The token's file is in another folder there.
    """
    file = posixpath.join(folder, posixpath.basename(CONFIG_FILE))
    moved = (text.replace(f"={CONFIG_FILE}", f"={file}") for text in arguments)
    return [text.replace(f"={_EVERYWHERE}:", f"={_LOOPBACK}:") for text in moved]


def _target(gateway: Gateway) -> str:
    """Return a gateway as gRPC takes it; the name of a container is not looked up for a TXT record.

    Docker 20.10 leaves that unanswered on internal networks, and the first spans wait.
    """
    is_container = set(".:").isdisjoint(gateway.host)
    return rules.DIRECT + gateway.address if is_container else gateway.address


def health(agent: AgentSettings) -> tuple[str, ...]:
    """Return the command that probes the agent from inside; empty before 1.22, which has none."""
    if parse_version(agent.version) < rules.STATUS_SINCE:
        return ()
    return (PROGRAM, "status", f"--status.http.host-port={_LOOPBACK}:{rules.ADMIN_PORT}")


def image(version: str, prefix: str) -> Image:
    """Return the official image, behind a prefix."""
    return image_names.official(version, prefix).agent


def protocol(gateway: GatewaySettings) -> str:
    """Return what an agent speaks to its gateway.

    Raises SidecarError for settings that ask for another protocol.
    """
    if gateway.protocol:
        cause = f"is for a collector only, and the kind is {JAEGER_AGENT}"
        problem = CONFLICTING_VALUES.problem(cause, f"Set agent: {{kind: {COLLECTOR}}}")
        raise SidecarError.from_problem("gateway.protocol", problem)
    return GRPC


def plan_collector(*_: object, forwarder: str) -> None:
    """Return nothing: an agent has no more."""


def tags_key(version: str) -> str:
    """Return the key of the config file that holds the token's tag."""
    return rules.tags_flag(parse_version(version))


def config_text(token: str, key: str) -> str:
    """Return the agent's config file: the tags key with the token, and nothing else."""
    section, name = key.split(".")
    return f"{section}:\n  {name}: {yamlio.flow(PREFIX + token)}\n"


def parse_version(text: str) -> Version:
    """Return a version as numbers. Raises SidecarError if it is not a jaeger-agent version."""
    if known := rules.read_version(text):
        return known
    problem = rules.version(text) or rules.NOT_A_VERSION.problem("is not a version")
    raise SidecarError.from_problem(f"agent version {text!r}", problem)


def _admin(version: Version) -> str:
    if rules.has_flag(rules.ADMIN_HOST_PORT, version):
        return f"--{rules.ADMIN_HOST_PORT}={_EVERYWHERE}:{rules.ADMIN_PORT}"
    return f"--{rules.ADMIN_PORT_FLAG}={rules.ADMIN_PORT}"


def _socket_buffer(version: Version, tuning: Tuning) -> tuple[str, ...]:
    if not rules.has_flag(rules.SOCKET_BUFFER, version):
        return ()
    return (f"--{rules.SOCKET_BUFFER}={tuning.socket_buffer_bytes}",)


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def _memory_mib(queue: int) -> int:
    """Return the container's limit: Go's collector may hold as much again as the queue."""
    held = queue * MAX_PACKET / 2**20
    return 64 * math.ceil((64 + 2 * held) / 64)
