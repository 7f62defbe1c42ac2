"""Alerts on the counters of collectors in the agents' place, with an agent's names where they fit.

A counter of losses is there only from the first loss on, so an increase from nothing counts, too.
"""

from __future__ import annotations

from sidecar.rules.collectors import SPAN_BYTES
from sidecar.targets.monitoring.alerts import Alert

_COLLECTOR = "otelcol_"
_ACCEPTED = f"{_COLLECTOR}receiver_accepted_spans"
_REFUSED = f"{_COLLECTOR}receiver_refused_spans"
_FAILED = f"{_COLLECTOR}exporter_send_failed_spans"
_FULL = f"{_COLLECTOR}exporter_enqueue_failed_spans"
_QUEUE = f"{_COLLECTOR}exporter_queue_size"
_CAPACITY = f"{_COLLECTOR}exporter_queue_capacity"
_UPTIME = f"{_COLLECTOR}process_uptime"
_WAITING_SECONDS = 30
_WAITING_BYTES = _WAITING_SECONDS * SPAN_BYTES
"""For each span per second: a queue is measured in bytes."""


def grown(series: str) -> str:
    """Return a condition: a counter has grown within five minutes, or is there since then."""
    older = f"sum by (LABELS) (increase({series}SERIES[5m])) > 0"
    newer = f"sum by (LABELS) ({series}SERIES unless {series}SERIES offset 5m) > 0"
    return f"({older} or {newer})"


ALERTS = (
    Alert(
        "TracingSpansFailed",
        grown(_FAILED),
        "0s",
        "The gateway refused spans of the collector AGENT for good",
        "The collector drops what is refused for good, such as broken spans, and those with a"
        " wrong token where it has no forwarder. See its log. The alert stays for 5 minutes after"
        " the last failure.",
    ),
    Alert(
        "TracingPacketsDropped",
        f"{grown(_REFUSED)} or {grown(_FULL)}",
        "0s",
        "The collector AGENT dropped spans of its service",
        "Its memory limit or its queue was full. TUNING",
    ),
    Alert(
        "TracingQueueNotEmpty",
        f"sum by (LABELS) (min_over_time({_QUEUE}SERIES[3m])) > {_WAITING_BYTES} *"
        f" (sum by (LABELS) (rate({_ACCEPTED}SERIES[3m])) or sum by (LABELS) ({_QUEUE}SERIES * 0))",
        "0s",
        f"The spans of more than {_WAITING_SECONDS} s wait in the collector AGENT",
        "The gateway is away or slow, or refuses the token or quota: `sidecar verify` says what."
        " Nothing is lost while the queue has room and its volume stays: do not delete it.",
    ),
    Alert(
        "TracingQueueHalfFull",
        f"max by (LABELS) ({_QUEUE}SERIES / {_CAPACITY}SERIES) > 0.5",
        "0s",
        "The queue of the collector AGENT is half full",
        "When it is full, spans are dropped. TUNING",
    ),
    Alert(
        "TracingAgentDown",
        "max by (LABELS) (upTARGETS) == 0",
        "1m",
        "The collector AGENT cannot be scraped",
        "It does not run, or its port 8888 is out of reach. Its service's spans may be lost.",
    ),
    Alert(
        "TracingAgentRestarts",
        f"sum by (LABELS) (resets({_UPTIME}SERIES[15m])) >= 2",
        "0s",
        "The collector AGENT was restarted several times",
        "Packets that come meanwhile are lost. See its log, and its memory limit.",
    ),
)
