"""The keys of the network, of metrics and of the watch."""

from __future__ import annotations

from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    CIDRS,
    FLAG,
    OBJECTS,
    TEXT,
    TEXTS,
    WATCH_SECONDS,
    WORD,
)

OPERATION = (
    Key(
        "networkPolicy.enabled",
        FLAG,
        "Allow ingress to the service's port, and egress to DNS, the gateway's port and peers.",
        True,
    ),
    Key("networkPolicy.ingressFrom", OBJECTS, "Who may call services; empty: everyone.", []),
    Key("networkPolicy.gatewayCidrs", CIDRS, "The gateway's addresses; empty: any.", []),
    Key("networkPolicy.extraEgress", OBJECTS, "Egress rules for what else the services call.", []),
    Key(
        "metrics.enabled",
        FLAG,
        "Bind agents' admin ports to the pod's address, and open them to monitoring.",
        False,
    ),
    Key(
        "metrics.namespaceLabels",
        TEXTS,
        "Labels of the namespace that may scrape.",
        {"kubernetes.io/metadata.name": "monitoring"},
    ),
    Key("metrics.serviceMonitor.enabled", FLAG, "Needs the Prometheus operator's CRDs.", False),
    Key("metrics.serviceMonitor.interval", TEXT, "How often Prometheus scrapes.", "30s"),
    Key("metrics.serviceMonitor.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
    Key(
        "metrics.rules.enabled",
        FLAG,
        "Alerts: spans failed, packets dropped, silence, a full queue, agents that are away.",
        False,
    ),
    Key("metrics.rules.labels", TEXTS, "Labels that your Prometheus selects by.", {}),
    Key("metrics.dashboard.enabled", FLAG, "A Grafana dashboard, as a ConfigMap.", False),
    Key(
        "metrics.dashboard.labels",
        TEXTS,
        "Labels that your Grafana selects by.",
        {"grafana_dashboard": "1"},
    ),
    Key(
        "watch.enabled",
        FLAG,
        "A CronJob that watches the agents' counters, and fails at a loss; needs metrics.enabled.",
        False,
    ),
    Key("watch.schedule", WORD, "When it starts, in cron's format.", "*/5 * * * *"),
    Key("watch.seconds", WATCH_SECONDS, "How long it watches each time.", 240),
)
