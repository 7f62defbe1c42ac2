"""A collector in the chart: its keys, and the configuration that the chart fills in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.plan import collectors
from sidecar.rules import collectors as rules
from sidecar.rules.collectors import TOKEN_ATTRIBUTE
from sidecar.spec import COLLECTOR, AgentSettings, Capacity
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import OBJECT, QUANTITY, TEXT, choice, positive

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan

EMPTY_DIR, EPHEMERAL, CLAIM = "emptyDir", "ephemeral", "claim"
SLACK_MIB = 64
"""What the volume has in addition to the queue's file: compaction writes a copy."""
_TOKEN_FILE = "/run/secrets/sidecar/token"  # noqa: S105 - a path
_DEFAULT = AgentSettings(COLLECTOR)
_REFUSED = (
    rules.GIVES_UP,
    rules.ACKNOWLEDGES_EARLY,
    rules.NOT_ON_DISK,
    rules.NO_FSYNC,
    rules.RECREATES,
    rules.COMPACTS_AT_START,
    rules.BLOCKS,
    rules.KEEPS_TOKEN,
    rules.PRINTS_SPANS,
    rules.QUEUE_ABOVE_DISK,
)

KEYS = (
    Key("agent.queue.spans", positive(10**9), "Spans that a collector keeps for the gateway."),
    Key("agent.queue.consumers", positive(1000), "Its concurrent calls to the gateway."),
    Key("agent.queue.fileMiB", positive(10**7), "The bound of its queue's file."),
    Key(
        "agent.queue.volume",
        choice(EMPTY_DIR, EPHEMERAL, CLAIM),
        "emptyDir; ephemeral: a generic ephemeral volume; claim: your StatefulSet's, by its name.",
        EMPTY_DIR,
    ),
    Key("agent.queue.size", QUANTITY, "The size of that volume: the file and 64 MiB."),
    Key("agent.queue.storageClass", TEXT, "For ephemeral and claim; empty: the cluster's.", ""),
    Key("agent.collector", OBJECT, "What is laid over a collector's configuration.", {}),
)


def decided(agent: AgentPlan) -> dict[str, Any]:
    """Return the values of those keys for the agent of a plan; defaults where it is none."""
    sizes = agent.replica_buffer or collectors.buffer(_DEFAULT, Capacity())
    return {
        "agent.queue.spans": sizes.queue_spans,
        "agent.queue.consumers": sizes.consumers,
        "agent.queue.fileMiB": sizes.disk_mib,
        "agent.queue.size": f"{sizes.disk_mib + SLACK_MIB}Mi",
        "agent.collector": dict(agent.collector.overrides) if agent.collector else {},
    }


def configuration_json() -> str:
    """Return the configuration that the chart fills in with its values; it has no token.

    The chart has no forwarder: a collector reads the token's file itself.
    """
    sizes = collectors.buffer(_DEFAULT, Capacity())
    data = collectors.configuration("", collectors.tune(Capacity()), sizes)
    exporter = data["exporters"]["otlp_grpc"]
    exporter["headers"] = {TOKEN_ATTRIBUTE: f"${{file:{_TOKEN_FILE}}}"}
    del exporter["compression"]  # which is for the forwarder's sake
    return json.dumps(data, indent=2)


def rules_json() -> str:
    """Return what the chart says of a configuration that it refuses, by the rule's id."""
    texts = {rule.id: {"summary": rule.summary, "fix": f"{rule.fix}."} for rule in _REFUSED}
    return json.dumps(texts, indent=2)
