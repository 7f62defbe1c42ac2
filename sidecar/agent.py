"""What is decided about an agent: its flags by version and its tuning by capacity.

Flags were read from the sources of v1.15.1, v1.18.0, v1.20.0 to v1.22.0 and v1.62.0 (cmd/agent, cmd/flags).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.rules.recognition import PREFIX

if TYPE_CHECKING:
    from sidecar.regions import Gateway
    from sidecar.spec import Agent, Capacity

SUFFIX = "-agent"
"""An agent is named after its service."""
COMPACT_PORT = 6831
SAMPLING_PORT = 5778
ADMIN_PORT = 14271
PROGRAM = "/go/bin/agent-linux"
USER = "10001:10001"
"""The user of the official image from 1.22; older images name none, and run as this one as well."""

VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
OLDEST, NEWEST = (1, 15, 0), (1, 62, 0)
_AGENT_TAGS, _ADMIN_HOST_PORT, _SOCKET_BUFFER, _STATUS = (
    (1, 16, 0),
    (1, 18, 0),
    (1, 20, 0),
    (1, 22, 0),
)
_TLS_ENABLED = (1, 18, 0)
"""1.15 says `--reporter.grpc.tls`; the sources between were not read."""

STOCK_BATCH = 10
"""Spans in a packet of an untouched client: tuning must hold for the services that do not use sidecar_tracing."""
HEADROOM = 1.6
STALL_SECONDS = 5
MAX_PACKET = 65_000
"""Bytes; jaeger-client never sends more in one datagram."""
SOCKET_BUFFER = 4 * 1024 * 1024
WORKERS = (10, 1000)
QUEUE = (1000, 4000)


@dataclass(frozen=True)
class Tuning:
    """The agent's sizes for a capacity; docs/tuning.md has the formulas and limits."""

    workers: int
    """Concurrent calls to the gateway."""
    queue_packets: int
    """Packets that wait for a worker."""
    max_packet_bytes: int
    socket_buffer_bytes: int
    """Asked of the kernel, which caps it at net.core.rmem_max."""
    ceiling_spans_per_second: int
    """What the workers forward at the round trip when every packet holds STOCK_BATCH spans."""
    memory_mib: int


def tune(capacity: Capacity) -> Tuning:
    """Return the sizes that carry a capacity: workers x spans per packet / round trip >= rate x headroom."""
    packets_per_second = capacity.spans_per_second / STOCK_BATCH
    round_trip = capacity.round_trip_ms / 1000
    workers = _clamp(math.ceil(packets_per_second * round_trip * HEADROOM), *WORKERS)
    queue = _clamp(math.ceil(packets_per_second * STALL_SECONDS), *QUEUE)
    return Tuning(
        workers=workers,
        queue_packets=queue,
        max_packet_bytes=MAX_PACKET,
        socket_buffer_bytes=SOCKET_BUFFER,
        ceiling_spans_per_second=math.floor(workers * STOCK_BATCH / round_trip),
        memory_mib=_memory_mib(queue),
    )


def argv(  # noqa: PLR0913 - what an agent is told, by keyword
    agent: Agent,
    gateway: Gateway,
    tuning: Tuning,
    *,
    listen: str,
    config_file: str,
    tls: bool = False,
) -> tuple[str, ...]:
    """Return the agent's arguments, without the program; `listen` is the address that its service reaches.

    The token is not among them: `config_file` holds it. Raises SidecarError for a version that no agent
    has, and for TLS with one that is not known to speak it.
    """
    version = parse_version(agent.version)
    if tls and version < _TLS_ENABLED:
        raise SidecarError(
            "gateway.tls",
            f"the agent {agent.version} is not known to speak TLS",
            "Use 1.18.0 or later",
        )
    admin = (
        f"--admin.http.host-port={listen}:{ADMIN_PORT}"
        if version >= _ADMIN_HOST_PORT
        else f"--admin-http-port={ADMIN_PORT}"
    )
    compact = "--processor.jaeger-compact.server"
    buffer = (
        (f"{compact}-socket-buffer-size={tuning.socket_buffer_bytes}",)
        if version >= _SOCKET_BUFFER
        else ()
    )
    return (
        f"--config-file={config_file}",
        f"--reporter.grpc.host-port={gateway.address}",
        *(("--reporter.grpc.tls.enabled=true",) if tls else ()),
        admin,
        f"--http-server.host-port={listen}:{SAMPLING_PORT}",
        f"{compact}-host-port={listen}:{COMPACT_PORT}",
        f"{compact}-max-packet-size={tuning.max_packet_bytes}",
        f"{compact}-queue-size={tuning.queue_packets}",
        *buffer,
        f"--processor.jaeger-compact.workers={tuning.workers}",
        # Python's client speaks the compact protocol only; the other two listeners stay out of reach.
        "--processor.jaeger-binary.server-host-port=127.0.0.1:6832",
        "--processor.zipkin-compact.server-host-port=127.0.0.1:5775",
    )


def health(agent: Agent) -> tuple[str, ...]:
    """Return the command that probes the agent from inside; empty before 1.22, which has none."""
    if parse_version(agent.version) < _STATUS:
        return ()
    return (PROGRAM, "status", f"--status.http.host-port=127.0.0.1:{ADMIN_PORT}")


def tags_key(version: str) -> str:
    """Return the key of the config file that holds the token's tag."""
    return "agent.tags" if parse_version(version) >= _AGENT_TAGS else "jaeger.tags"


def config_text(token: str, key: str) -> str:
    """Return the agent's config file: the tags key with the token, and nothing else."""
    section, name = key.split(".")
    return f"{section}:\n  {name}: {yamlio.flow(PREFIX + token)}\n"


def parse_version(text: str) -> tuple[int, ...]:
    """Return a version as numbers. Raises SidecarError for one that no agent has."""
    match = VERSION.fullmatch(text)
    if not match:
        raise SidecarError(f"agent version {text!r}", "is not a version", "Give one such as 1.62.0")
    numbers = tuple(int(part) for part in match.groups())
    if not OLDEST <= numbers <= NEWEST:
        reason = (
            "the agent was removed from Jaeger after 1.62.0"
            if numbers > NEWEST
            else "the oldest known is 1.15.0"
        )
        raise SidecarError(f"agent version {text}", reason, "Use 1.15.0 to 1.62.0")
    return numbers


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def _memory_mib(queue: int) -> int:
    held = queue * MAX_PACKET / 2**20
    return 64 * math.ceil((64 + 2 * held) / 64)
