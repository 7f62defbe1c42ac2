"""What tells the kinds of agents apart: port, metrics, unit and words, in one record for each.

Whoever reads or shows an agent's counters takes them from here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.rules.agents import ADMIN_PORT
from sidecar.rules.collectors import METRICS_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKETS, SPANS = "packets", "spans"
"""What is counted at an agent's port: a jaeger-agent counts packets, a collector spans."""


@dataclass(frozen=True)
class Kind:
    """A kind of agent, as its counters show it."""

    name: str
    """As `agent.kind` in a spec."""
    word: str
    """What messages call it."""
    port: int
    """Of its metrics."""
    unit: str
    """Of what comes, is dropped there, and waits."""
    received: str
    """The hop into its port, as the next two."""
    queued: str
    """Into its queue; empty where that is no hop of its own."""
    submitted: str
    """Out of it, to the gateway."""
    metrics: Mapping[str, str]
    """Metric, without `_total` → field of verify's AgentCounts; several may be one field."""
    age: str = ""
    """The metric of its age in seconds, where it tells that and not when it started."""


AGENT = Kind(
    name="jaeger-agent",
    word="agent",
    port=ADMIN_PORT,
    unit=PACKETS,
    received="agent received",
    queued="",
    submitted="agent submitted",
    metrics={
        "jaeger_agent_thrift_udp_server_packets_processed": "packets_processed",
        "jaeger_agent_thrift_udp_server_packets_dropped": "packets_dropped",
        "jaeger_agent_thrift_udp_server_read_errors": "read_errors",
        "jaeger_agent_thrift_udp_t_processor_handler_errors": "handler_errors",
        "jaeger_agent_reporter_batches_failures": "batches_failed",
        "jaeger_agent_reporter_batches_submitted": "batches_submitted",
        "jaeger_agent_reporter_spans_submitted": "spans_submitted",
        "jaeger_agent_reporter_spans_failures": "spans_failed",
        "jaeger_agent_connection_status_collector_connected": "connected",
        "jaeger_agent_thrift_udp_server_queue_size": "queue",
        "process_start_time_seconds": "started",
    },
)
COLLECTOR = Kind(
    name="collector",
    word="collector",
    port=METRICS_PORT,
    unit=SPANS,
    received="collector received",
    queued="collector queued",
    submitted="collector sent",
    metrics={
        "otelcol_receiver_accepted_spans": "packets_processed",
        "otelcol_receiver_refused_spans": "packets_dropped",
        "otelcol_receiver_failed_spans": "packets_dropped",
        "otelcol_exporter_enqueue_failed_spans": "not_queued",
        "otelcol_exporter_queue_size": "queue",
        "otelcol_exporter_queue_capacity": "capacity",
        "otelcol_exporter_sent_spans": "spans_submitted",
        "otelcol_exporter_send_failed_spans": "spans_failed",
    },
    age="otelcol_process_uptime",
)
KINDS = (AGENT, COLLECTOR)
RELAY = replace(COLLECTOR, name="relay", word="relay", submitted="relay sent")
"""A collector that takes what other collectors send."""
RECEIVED = tuple(kind.received for kind in KINDS)
SUBMITTED = tuple(kind.submitted for kind in (*KINDS, RELAY))
"""Names of hops, of any kind."""


def of_text(metrics: str) -> Kind:
    """Return the kind whose metrics a text holds; where it holds none, a jaeger-agent."""
    return COLLECTOR if re.search(rf"(?m)^{COLLECTOR.age}", metrics) else AGENT


def of_unit(unit: str) -> Kind:
    """Return the kind that counts in a unit at its port."""
    return COLLECTOR if unit == SPANS else AGENT


def of_name(name: str) -> Kind:
    """Return the kind that a spec or a label names; where it names none, a jaeger-agent."""
    return next((kind for kind in KINDS if kind.name == name), AGENT)


def ports(first: int = ADMIN_PORT) -> tuple[int, ...]:
    """Return where metrics may be: at the usual port of any kind, else only at this one."""
    usual = tuple(kind.port for kind in KINDS)
    return usual if first == AGENT.port else (first,)
