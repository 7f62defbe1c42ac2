"""Alerts on the agents' counters, written once: each target fills in its own labels.

An outage of ten seconds that is over before anybody looks must be alerted, too. So the alerts that
tell of a loss look back, and fire at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.rules.watch import BUDGET

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "sidecar-agents"
_AGENT = "jaeger_agent_"
_FAILED = f"{_AGENT}reporter_spans_failures_total"
_SUBMITTED = f"{_AGENT}reporter_spans_submitted_total"
_PROCESSED = f"{_AGENT}thrift_udp_server_packets_processed_total"
_DROPPED = f"{_AGENT}thrift_udp_server_packets_dropped_total"
_QUEUE = f"{_AGENT}thrift_udp_server_queue_size"
_CONNECTED = f"{_AGENT}connection_status_collector_connected"


def _increase(series: str, time: str) -> str:
    return f"sum by (LABELS) (increase({series}SERIES[{time}]))"


@dataclass(frozen=True)
class Alert:
    """One alert. Its texts hold SERIES, TARGETS, LABELS, AGENT and TUNING, which targets fill."""

    name: str
    expr: str
    wait: str
    """How long the expression must hold."""
    summary: str
    description: str

    def filled(self, words: Mapping[str, str]) -> dict[str, Any]:
        """Return the alert as Prometheus reads it, with a target's words."""
        return {
            "alert": self.name,
            "expr": fill(self.expr, words),
            "for": self.wait,
            "labels": {"severity": "warning"},
            "annotations": {
                "summary": fill(self.summary, words),
                "description": fill(self.description, words),
            },
        }


def fill(text: str, words: Mapping[str, str]) -> str:
    """Return a text with a target's words in the place of the capital ones."""
    for name, word in words.items():
        text = text.replace(name, word)
    return text


ALERTS = (
    Alert(
        "TracingSpansFailed",
        f"{_increase(_FAILED, '5m')} / ({_increase(_FAILED, '5m')} + {_increase(_SUBMITTED, '5m')})"
        f" > {BUDGET}",
        "0s",
        "The agent AGENT could not deliver spans to the gateway",
        "The gateway refuses them (token, quota), or the network does not reach it. The alert stays"
        " for 5 minutes after the last failure.",
    ),
    Alert(
        "TracingPacketsDropped",
        f"{_increase(_DROPPED, '5m')} > 0",
        "0s",
        "The agent AGENT dropped packets of its service",
        "Its queue was full. TUNING",
    ),
    Alert(
        "TracingAgentSilent",
        f"{_increase(_PROCESSED, '2m')} > 0 and"
        f" {_increase(_SUBMITTED, '2m')} + {_increase(_FAILED, '2m')} == 0",
        "1m",
        "The agent AGENT receives packets and submits nothing",
        "The gateway does not answer, or the packets cannot be decoded. No counter of losses grows"
        " before the agent's queue is full.",
    ),
    Alert(
        "TracingQueueNotEmpty",
        f"max by (LABELS) (min_over_time({_QUEUE}SERIES[3m])) > 0",
        "0s",
        "The queue of the agent AGENT has not been empty for 3 minutes",
        "The gateway is slow or does not answer; when the queue is full, packets are dropped."
        " TUNING",
    ),
    Alert(
        "TracingAgentNotConnected",
        # an agent connects with its first span, and may stay idle without one
        f"max by (LABELS) ({_CONNECTED}SERIES) == 0 and {_increase(_PROCESSED, '10m')} > 0",
        "2m",
        "The agent AGENT has no connection to the gateway",
        "See the agent's log, and whether the network to the gateway's port is open.",
    ),
    Alert(
        "TracingAgentDown",
        "max by (LABELS) (upTARGETS) == 0",
        "1m",
        "The agent AGENT cannot be scraped",
        "It does not run, or its admin port is out of reach. Its service's spans may be lost.",
    ),
    Alert(
        "TracingAgentRestarts",
        "sum by (LABELS) (changes(process_start_time_secondsTARGETS[15m])) >= 2",
        "0s",
        "The agent AGENT was restarted several times",
        "Each time it loses what is in its queue. See its log, and its memory limit.",
    ),
)
