"""The counters of a jaeger-agent or of a collector in its place, from the text of its /metrics.

Standard library only: a short-lived container reads them where the agent has no shell.
"""

from __future__ import annotations

import re
import time

_AGENT = {
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
_COLLECTOR = {
    "otelcol_receiver_accepted_spans": "packets_processed",
    "otelcol_receiver_refused_spans": "packets_dropped",
    "otelcol_receiver_failed_spans": "packets_dropped",
    "otelcol_exporter_sent_spans": "spans_submitted",
    "otelcol_exporter_send_failed_spans": "spans_failed",
    "otelcol_exporter_queue_size": "queue",
}
"""The same of a collector, which counts spans where an agent counts packets."""
_FIELDS = {**_AGENT, **_COLLECTOR}
_UPTIME = "otelcol_process_uptime"
"""Every collector has it; seconds."""
_CALLS = "rpc_client_call_duration_count"
_UNANSWERED = ("DEADLINE_EXCEEDED", "CANCELLED")
"""How calls end that nobody answered."""
_SAMPLE = re.compile(
    r"(?P<name>\w+?)(_total)?(\{(?P<labels>[^}]*)\})? (?P<value>[0-9.]+(e[+-]?[0-9]+)?)"
)
_STATUS = re.compile(r'rpc_response_status_code="(\w+)"')


def totals(text: str) -> dict[str, int]:
    """Return field → total over all labels, of the counters that the text has."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample and (field := _field(sample["name"], sample["labels"] or "")):
            found[field] = found.get(field, 0.0) + float(sample["value"])
    if (uptime := found.pop(_UPTIME, None)) is not None:
        found |= {"connected": 1.0, **found, "started": time.time() - uptime}
    return {field: int(total) for field, total in found.items()}


def is_collector(text: str) -> bool:
    """Tell whether a text is a collector's."""
    return re.search(rf"(?m)^{_UPTIME}", text) is not None


def _field(name: str, labels: str) -> str | None:
    if name == _CALLS:
        status = _STATUS.search(labels)
        return _answered(status[1]) if status else None
    return name if name == _UPTIME else _FIELDS.get(name)


def _answered(status: str) -> str | None:
    if status in _UNANSWERED:
        return None
    return "batches_submitted" if status == "OK" else "batches_failed"
