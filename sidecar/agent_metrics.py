"""The counters of a jaeger-agent, from the text of its /metrics.

Standard library only: a short-lived container reads them where the agent has no shell.
"""

from __future__ import annotations

import re

_FIELDS = {
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
}
"""Metric → field of verify's AgentCounts."""
_SAMPLE = re.compile(r"(?P<name>\w+?)(_total)?(\{[^}]*\})? (?P<value>[0-9.e+]+)")


def totals(text: str) -> dict[str, int]:
    """Return field → total over all labels, of the counters that the text has."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample and (field := _FIELDS.get(sample["name"])):
            found[field] = found.get(field, 0.0) + float(sample["value"])
    return {field: int(total) for field, total in found.items()}
