"""What is decided about a collector in the agent's place: sizes and configuration.

Pure: its configuration is data made from a spec and a gateway, and never holds the token.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sidecar import image_names, yamlio
from sidecar.errors import SidecarError
from sidecar.plan import agents
from sidecar.regions import HTTP, HTTPS, OTLP_GRPC
from sidecar.rules import collectors as rules
from sidecar.rules import forwarders
from sidecar.rules.agents import COMPACT_PORT, STOCK_BATCH, STOCK_WORKERS
from sidecar.spec import OTLP_HTTP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.image_names import Image
    from sidecar.regions import Gateway
    from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Service

USER = "10001:10001"
"""The user of the official image."""
CONFIG_FILE = "/etc/otelcol/config.yaml"
TOKEN_FILE = ""
"""It gets none: the forwarder has the token."""
QUEUE_FOLDER = "/var/lib/otelcol"
"""Inside the container."""
_LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside its own network

SPAN_BYTES = 500
"""Of a span with six tags and a log, encoded as OTLP."""
DISK_BYTES = 2 * SPAN_BYTES
"""A span's share of the queue's file: whole pages, and those that were freed."""
SMALLEST_DISK_MIB = 64
REBOUND_MIB = 100
"""A file that has grown above this, or half its bound, is rewritten once its queue has drained."""
BATCH_BYTES, MOST_BATCH_BYTES = 512 * 1024, 2 * 1024 * 1024
"""gRPC servers take 4 MiB unless told otherwise, and refuse more for good."""
SPANS_PER_CALL = BATCH_BYTES // SPAN_BYTES
"""At least, under load."""
FLUSH = "200ms"
DRAIN_RATE, DRAIN_FACTOR = 10_000, 5
"""Spans per second at which a backlog is sent, at least, and as a multiple of the rate."""
CONSUMERS = (2, 64)
TIMEOUT_SECONDS = 15
RETRY_SECONDS = 10
"""The longest pause before a call is repeated."""
BASE_MIB = 128
GO_SHARE, LIMITER_SHARE, SPIKE_SHARE = 0.8, 0.95, 0.1
"""Of the container's limit."""


@dataclass(frozen=True)
class Buffer:
    """The sizes of a collector's queue; docs/tuning.md has the formulas."""

    outage_s: int
    """How long the gateway may be away."""
    queue_spans: int
    """Spans that wait for the gateway."""
    disk_mib: int
    """The bound of the queue's file."""
    consumers: int
    """Concurrent calls to the gateway."""


@dataclass(frozen=True)
class CollectorPlan:
    """What a collector has that a jaeger-agent has not."""

    buffer: Buffer
    configuration: Mapping[str, Any]
    """Its whole configuration, as data."""
    config_file: str
    """Inside the container, as the next."""
    queue_folder: str
    go_memory_mib: int
    """Where Go's garbage collector begins to work hard."""
    metrics_port: int
    forwarder: str
    """The host's name of what adds the token."""
    overrides: Mapping[str, Any]
    """What the spec lays over the configuration."""

    @cached_property
    def text(self) -> str:
        """The configuration as YAML."""
        return yamlio.block(self.configuration)


def tune(capacity: Capacity) -> agents.Tuning:
    """Return the sizes of the receiver, in the terms of an agent's."""
    packets_per_second = capacity.spans_per_second / STOCK_BATCH
    low, high = agents.QUEUE
    queue = max(low, min(high, math.ceil(packets_per_second * agents.STALL_SECONDS)))
    held = queue * agents.MAX_PACKET / 2**20
    return agents.Tuning(
        workers=STOCK_WORKERS,
        queue_packets=queue,
        max_packet_bytes=agents.MAX_PACKET,
        socket_buffer_bytes=agents.SOCKET_BUFFER,
        ceiling_spans_per_second=_drain_rate(capacity),
        memory_mib=64 * math.ceil((BASE_MIB + 2 * held) / 64),
    )


def buffer(agent: AgentSettings, capacity: Capacity) -> Buffer:
    """Return the sizes of the queue: rate x outage spans, and room for them on disk."""
    spans = capacity.spans_per_second * agent.buffer_s
    in_flight = _drain_rate(capacity) * SPAN_BYTES * capacity.round_trip_ms / 1000
    low, high = CONSUMERS
    consumers = math.ceil(agents.HEADROOM * in_flight / BATCH_BYTES)
    return Buffer(
        outage_s=agent.buffer_s,
        queue_spans=spans,
        disk_mib=agent.disk_mib or max(SMALLEST_DISK_MIB, _disk_needed(spans)),
        consumers=max(low, min(high, consumers)),
    )


def argv(
    agent: AgentSettings,
    gateway: Gateway,  # noqa: ARG001 - the forwarder's
    tuning: agents.Tuning,  # noqa: ARG001
    *,
    tls: bool = False,  # noqa: ARG001
) -> tuple[str, ...]:
    """Return the collector's arguments, without the program.

    Raises SidecarError for a version that the kit does not know.
    """
    if problem := rules.version(agent.version):
        raise SidecarError.from_problem(f"agent version {agent.version!r}", problem)
    return (f"--config={CONFIG_FILE}",)


def health(agent: AgentSettings) -> tuple[str, ...]:  # noqa: ARG001 - as any kind's
    """Return nothing: the official image holds no program that could ask."""
    return ()


def image(version: str, prefix: str) -> Image:
    """Return the official image, behind a prefix."""
    return image_names.collector(version, prefix)


def protocol(gateway: GatewaySettings) -> str:
    """Return what the forwarder speaks to the gateway."""
    if gateway.protocol == OTLP_HTTP:
        return HTTPS if gateway.tls else HTTP
    return OTLP_GRPC


def plan_collector(
    service: Service,
    agent: AgentSettings,
    tuning: agents.Tuning,
    capacity: Capacity,
    *,
    forwarder: str,
) -> CollectorPlan:
    """Decide what a collector has that an agent has not; `forwarder` is a host's name.

    Raises SidecarError for settings with which it would lose spans.
    """
    if service.sampling and (problem := rules.sampler(service.sampling.type)):
        raise SidecarError.from_problem(f"services.{service.name}.sampling", problem)
    sizes = buffer(agent, capacity)
    if problem := rules.disk(_disk_needed(sizes.queue_spans), sizes.disk_mib):
        raise SidecarError.from_problem("agent.buffer", problem)
    endpoint = f"{forwarder}:{forwarders.GRPC_PORT}"
    whole = merged(configuration(endpoint, tuning, sizes), agent.collector)
    for path, problem in rules.configuration(whole):
        raise SidecarError.from_problem(f"agent.collector.{path}", problem)
    return CollectorPlan(
        buffer=sizes,
        configuration=whole,
        config_file=CONFIG_FILE,
        queue_folder=QUEUE_FOLDER,
        go_memory_mib=_share(tuning.memory_mib, GO_SHARE),
        metrics_port=rules.METRICS_PORT,
        forwarder=forwarder,
        overrides=agent.collector,
    )


def configuration(endpoint: str, tuning: agents.Tuning, sizes: Buffer) -> dict[str, Any]:
    """Return the configuration of a collector that keeps what its gateway does not take.

    It sends to the forwarder at `endpoint`, and has neither token nor header.
    """
    return {
        "receivers": _receivers(tuning),
        "processors": _processors(tuning.memory_mib),
        "exporters": {"otlp_grpc": _exporter(endpoint, sizes)},
        "extensions": {
            "health_check": {"endpoint": f"{_EVERYWHERE}:{rules.HEALTH_PORT}"},
            "file_storage": _storage(sizes),
        },
        "service": _service(),
    }


def _receivers(tuning: agents.Tuning) -> dict[str, Any]:
    compact = {
        "endpoint": f"{_EVERYWHERE}:{COMPACT_PORT}",
        "max_packet_size": tuning.max_packet_bytes,
        "queue_size": tuning.queue_packets,
        "workers": tuning.workers,
        "socket_buffer_size": tuning.socket_buffer_bytes,
    }
    otlp = {
        "grpc": {"endpoint": f"{_EVERYWHERE}:{rules.OTLP_GRPC_PORT}"},
        "http": {"endpoint": f"{_EVERYWHERE}:{rules.OTLP_HTTP_PORT}"},
    }
    return {"jaeger": {"protocols": {"thrift_compact": compact}}, "otlp": {"protocols": otlp}}


def _processors(memory_mib: int) -> dict[str, Any]:
    return {
        "memory_limiter": {
            "check_interval": "1s",
            "limit_mib": _share(memory_mib, LIMITER_SHARE),
            "spike_limit_mib": _share(memory_mib, SPIKE_SHARE),
        },
        "resource": {"attributes": [{"key": rules.TOKEN_ATTRIBUTE, "action": "delete"}]},
    }


def _exporter(endpoint: str, sizes: Buffer) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "tls": {"insecure": True},
        "compression": "none",
        "timeout": f"{TIMEOUT_SECONDS}s",
        "keepalive": {"time": "10s", "timeout": "10s"},
        "retry_on_failure": {
            "enabled": True,
            "initial_interval": "1s",
            "max_interval": f"{RETRY_SECONDS}s",
            "max_elapsed_time": 0,
        },
        "sending_queue": {
            "enabled": True,
            "storage": "file_storage",
            "sizer": "items",
            "queue_size": sizes.queue_spans,
            "num_consumers": sizes.consumers,
            "block_on_overflow": False,
            "batch": {
                "sizer": "bytes",
                "flush_timeout": FLUSH,
                "min_size": BATCH_BYTES,
                "max_size": MOST_BATCH_BYTES,
            },
        },
    }


def _storage(sizes: Buffer) -> dict[str, Any]:
    return {
        "directory": QUEUE_FOLDER,
        "fsync": True,
        "create_directory": False,
        "max_size": sizes.disk_mib * 2**20,
        "compaction": {
            "directory": QUEUE_FOLDER,
            "on_start": False,
            "on_rebound": True,
            "rebound_needed_threshold_mib": min(REBOUND_MIB, sizes.disk_mib // 2),
            "cleanup_on_start": True,
        },
    }


def _service() -> dict[str, Any]:
    prometheus = {"host": _EVERYWHERE, "port": rules.METRICS_PORT}
    readers = [{"pull": {"exporter": {"prometheus": prometheus}}}]
    traces = {
        "receivers": ["jaeger", "otlp"],
        "processors": ["memory_limiter", "resource"],
        "exporters": ["otlp_grpc"],
    }
    return {
        "extensions": ["health_check", "file_storage"],
        "telemetry": {"metrics": {"level": "detailed", "readers": readers}},
        "pipelines": {"traces": traces},
    }


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with another laid over it: maps by key, all else replaced."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result


def through(plan: CollectorPlan, forwarder: str) -> CollectorPlan:
    """Return what a collector has whose forwarder has another name."""
    endpoints = [f"{name}:{forwarders.GRPC_PORT}" for name in (plan.forwarder, forwarder)]
    made = _replaced(plan.configuration, *endpoints)
    return replace(plan, configuration=made, forwarder=forwarder)


def _replaced(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - data of any shape
    if isinstance(value, dict):
        return {key: _replaced(each, old, new) for key, each in value.items()}
    return new if value == old else value


def on_loopback(plan: CollectorPlan) -> CollectorPlan:
    """Return what a collector has that shares a host's network: nobody else reaches its ports."""
    return replace(plan, configuration=_rebound(plan.configuration))


def _rebound(value: Any) -> Any:  # noqa: ANN401 - data of any shape
    if isinstance(value, dict):
        return {key: _rebound(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rebound(each) for each in value]
    if isinstance(value, str) and value.partition(":")[0] == _EVERYWHERE:
        return value.replace(_EVERYWHERE, _LOOPBACK)
    return value


def _disk_needed(spans: int) -> int:
    return math.ceil(spans * DISK_BYTES / 2**20)


def _drain_rate(capacity: Capacity) -> int:
    return max(DRAIN_RATE, DRAIN_FACTOR * capacity.spans_per_second)


def _share(memory_mib: int, share: float) -> int:
    return math.floor(memory_mib * share)
