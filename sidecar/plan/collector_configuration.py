"""A collector's configuration, as data: spans that the gateway does not take stay in the queue.

It never holds the token.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from sidecar.plan.collector_sizes import (
    BATCH_BYTES,
    LIMITER_SHARE,
    MOST_BATCH_BYTES,
    SPIKE_SHARE,
    share_of,
)
from sidecar.rules import collectors as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.recognition import TOKEN_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan.agents import Tuning
    from sidecar.plan.collector_sizes import Buffer

QUEUE_FOLDER = "/var/lib/otelcol"
"""Inside the container."""
_LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside its own network

FLUSH = "200ms"
TIMEOUT_SECONDS = 15
RETRY_SECONDS = 10
"""The longest pause before a call is repeated."""
REBOUND_MIB = 100
"""A file that has grown above this, or half its bound, is rewritten once its queue has drained."""


def configuration(endpoint: str, tuning: Tuning, sizes: Buffer) -> dict[str, Any]:
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


def _receivers(tuning: Tuning) -> dict[str, Any]:
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
            "limit_mib": share_of(memory_mib, LIMITER_SHARE),
            "spike_limit_mib": share_of(memory_mib, SPIKE_SHARE),
        },
        "resource": {"attributes": [{"key": TOKEN_TAG, "action": "delete"}]},
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
            "sizer": "bytes",
            "queue_size": sizes.queue_bytes,
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


def replaced(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - data of any shape
    """Return data with each value that is `old` replaced by `new`."""
    if isinstance(value, dict):
        return {key: replaced(each, old, new) for key, each in value.items()}
    return new if value == old else value


def on_loopback(value: Any) -> Any:  # noqa: ANN401 - data of any shape
    """Return data in which each endpoint on all addresses is on loopback."""
    if isinstance(value, dict):
        return {key: on_loopback(each) for key, each in value.items()}
    if isinstance(value, list):
        return [on_loopback(each) for each in value]
    if isinstance(value, str) and value.partition(":")[0] == _EVERYWHERE:
        return value.replace(_EVERYWHERE, _LOOPBACK)
    return value
