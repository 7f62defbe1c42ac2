"""Alerts on the forwarder, on which all collectors of a deployment depend."""

from __future__ import annotations

from sidecar.targets.monitoring.alerts import Alert
from sidecar.targets.monitoring.collector_alerts import grown

_FORWARDER = "sidecar_forwarder_"

ALERTS = (
    Alert(
        "TracingForwarderDropped",
        grown(f"{_FORWARDER}dropped_calls_total"),
        "0s",
        "The gateway refused spans for good, says the forwarder AGENT",
        "They are broken, or too large for it, and collectors drop them. The forwarder's log has"
        " the cause and its id. The alert stays for 5 minutes after the last one.",
    ),
    Alert(
        "TracingForwarderHolds",
        f"min by (LABELS) (min_over_time({_FORWARDER}holdingSERIES[3m])) > 0",
        "0s",
        "The gateway has accepted nothing of the forwarder AGENT for 3 minutes",
        "It is away, or refuses the token or quota: the forwarder's log has the cause and its id."
        " Collectors keep their spans, and nothing is lost while their queues have room.",
    ),
    Alert(
        "TracingForwarderDown",
        "max by (LABELS) (upTARGETS) == 0",
        "1m",
        "The forwarder AGENT cannot be scraped",
        "It does not run, or its port 14318 is out of reach. Without it, all spans wait in the"
        " queues of the collectors.",
    ),
)
