"""A Grafana dashboard of the agents, the same for Compose and Kubernetes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIXES = ("jaeger_agent_", "otelcol_")
_BY = "sum by (project, service, namespace, pod)"
"""A label that a target does not have is empty."""
_LEGEND = "{{service}}{{pod}}"
_WIDTH, _HEIGHT = 12, 8
_PANELS = (
    (
        "Spans submitted per second",
        ("reporter_spans_submitted_total", "exporter_sent_spans"),
        "rate",
    ),
    (
        "Spans failed per second",
        ("reporter_spans_failures_total", "exporter_send_failed_spans"),
        "rate",
    ),
    (
        "Packets processed per second; spans of a collector",
        ("thrift_udp_server_packets_processed_total", "receiver_accepted_spans"),
        "rate",
    ),
    (
        "Packets dropped per second; spans of a collector",
        ("thrift_udp_server_packets_dropped_total", "receiver_refused_spans"),
        "rate",
    ),
    (
        "Packets in the queue; bytes of a collector",
        ("thrift_udp_server_queue_size", "exporter_queue_size"),
        "",
    ),
    ("Connected to the gateway", ("connection_status_collector_connected",), ""),
)
"""Title, what an agent counts and what a collector does, and a function over it."""


def as_json() -> str:
    """Return the dashboard as Grafana imports it."""
    return json.dumps(_dashboard(), indent=2) + "\n"


def _dashboard() -> dict[str, Any]:
    return {
        "title": "Tracing agents",
        "uid": "sidecar-agents",
        "tags": ["tracing", "sidecar-kit"],
        "schemaVersion": 38,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source()]},
        "panels": [_panel(number, *panel) for number, panel in enumerate(_PANELS)],
    }


def _source() -> dict[str, Any]:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _panel(number: int, title: str, series: Sequence[str], function: str) -> dict[str, Any]:
    kinds = (f"{prefix}{name}" for prefix, name in zip(_PREFIXES, series, strict=False))
    sums = (f"{_BY} ({_inner(name, function)})" for name in kinds)
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "id": number + 1,
        "title": title,
        "type": "timeseries",
        "datasource": source,
        "gridPos": {
            "x": number % 2 * _WIDTH,
            "y": number // 2 * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "targets": [
            {
                "refId": "A",
                "datasource": source,
                "expr": " or ".join(sums),
                "legendFormat": _LEGEND,
            }
        ],
    }


def _inner(name: str, function: str) -> str:
    return f"{function}({name}[$__rate_interval])" if function else name
