"""A collector in the chart: its keys, and the configuration that the chart fills in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.plan import collector_sizes
from sidecar.plan.collector_configuration import configuration
from sidecar.plan.forwarders import MOST_CALLS, memory_mib
from sidecar.plan.relays import SLACK_MIB, plan_relay
from sidecar.rules import canaries
from sidecar.rules import collectors as rules
from sidecar.spec import COLLECTOR, AgentSettings, Capacity, RelaySettings
from sidecar.targets.helm.records import Key
from sidecar.targets.helm.value_types import (
    FLAG,
    OBJECT,
    QUANTITY,
    RESOURCES,
    TEXT,
    VERSION,
    choice,
    positive,
)

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan, Plan
    from sidecar.plan.agents import Tuning

EMPTY_DIR, EPHEMERAL, CLAIM = "emptyDir", "ephemeral", "claim"
_CALLS, _MEMORY_MIB = 8, 128
"""Of a forwarder that no plan has."""
WAIT_SECONDS = 10
"""Enough for a node to route a new Service; until then, a proxy may answer for it with 404."""
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
    rules.RELAY_WITHOUT_COLLECTORS,
    rules.RELAY_ABOVE_STORAGE,
    canaries.NEEDS_STAND_IN,
)

KEYS = (
    Key("agent.queue.spans", positive(10**9), "Spans that a collector keeps for the gateway."),
    Key("agent.queue.consumers", positive(1000), "Its concurrent calls to the gateway."),
    Key("agent.queue.fileMiB", positive(10**7), "The largest size of its queue's file."),
    Key(
        "agent.queue.volume",
        choice(EMPTY_DIR, EPHEMERAL, CLAIM),
        "emptyDir; ephemeral: a generic ephemeral volume; claim: your StatefulSet's, by its name.",
        EMPTY_DIR,
    ),
    Key("agent.queue.size", QUANTITY, "The size of that volume: the file and 64 MiB."),
    Key("agent.queue.storageClass", TEXT, "For ephemeral and claim; empty: the cluster's.", ""),
    Key("agent.drain", FLAG, "Keep a stopping pod until its collector's queue is empty.", True),
    Key(
        "agent.drainResources",
        RESOURCES,
        "Requests and limits of the container that waits for that.",
    ),
    Key("agent.collector", OBJECT, "Merged into a collector's configuration.", {}),
)

CANARY = "agent.canary"
CANARY_KEYS = (
    Key("canary.version", VERSION, "The version of its collector."),
    Key("canary.tuning.workers", positive(10000), "Packets that are handled at a time."),
    Key("canary.tuning.queuePackets", positive(10**6), "Packets that wait to be handled."),
    Key("canary.tuning.maxPacketBytes", positive(65535), "The longest packet."),
    Key(
        "canary.tuning.socketBufferBytes",
        positive(2**31 - 1),
        "Requested from the kernel, which may cap it.",
    ),
    Key("canary.resources", RESOURCES, "Requests and limits of each: collector and copier."),
)

FORWARDER_KEYS = (
    Key(
        "forwarder.protocol",
        choice("grpc", "http"),
        "The protocol to the gateway: OTLP over gRPC, or over HTTP.",
    ),
    Key("forwarder.calls", positive(10000), "Its concurrent calls."),
    Key(
        "forwarder.waitSeconds",
        positive(3600, 0),
        "Seconds that a pod waits for it, or the relays, before its collector starts; 0: none.",
        WAIT_SECONDS,
    ),
    Key("forwarder.resources", RESOURCES, "Its requests and limits."),
)


RELAY_KEYS = (
    Key("relay.replicas", positive(100, 0), "Relays between collectors and forwarder; 0: none."),
    Key("relay.queue.spans", positive(10**9), "Spans that each relay keeps for the gateway."),
    Key("relay.queue.consumers", positive(1000), "Its concurrent calls to the forwarder."),
    Key("relay.queue.fileMiB", positive(10**7), "The largest size of its queue's file."),
    Key("relay.storage", QUANTITY, "The size of its persistent volume: the file and 64 MiB."),
    Key("relay.storageClass", TEXT, "Of that volume; empty: the cluster's.", ""),
    Key("relay.resources", RESOURCES, "Requests and limits of each relay."),
)


def relay(plan: Plan) -> dict[str, Any]:
    """Return what is decided of the relays; defaults where a plan has none."""
    own = plan.relay or plan_relay(RelaySettings(), _DEFAULT, Capacity())
    return {
        "relay.replicas": own.replicas if plan.relay else 0,
        "relay.queue.spans": own.buffer.queue_spans,
        "relay.queue.consumers": own.buffer.consumers,
        "relay.queue.fileMiB": own.buffer.disk_mib,
        "relay.storage": f"{own.storage_mib}Mi",
        "relay.memory": own.memory_mib,
    }


def canary(agent: AgentPlan) -> dict[str, Any]:
    """Return the values of a canary's collector; defaults where an agent has none."""
    own = agent.canary.agent if agent.canary else None
    tuning = own.replica_tuning if own else collector_sizes.tune(Capacity())
    return {
        CANARY: own.kind if own else "",
        "canary.version": own.version if own else _DEFAULT.version,
        **tuned("canary.tuning", tuning),
        "canary.memory": tuning.memory_mib,
    }


def tuned(path: str, tuning: Tuning) -> dict[str, Any]:
    """Return the values of the sizes of an agent, or of a collector's receiver."""
    return {
        f"{path}.workers": tuning.workers,
        f"{path}.queuePackets": tuning.queue_packets,
        f"{path}.maxPacketBytes": tuning.max_packet_bytes,
        f"{path}.socketBufferBytes": tuning.socket_buffer_bytes,
    }


def forwarder(plan: Plan) -> dict[str, Any]:
    """Return what is decided of the forwarder; defaults where a plan has none.

    With relays, only they call it.
    """
    own = plan.forwarder
    if plan.relay:
        calls = min(MOST_CALLS, plan.relay.replicas * plan.relay.buffer.consumers)
        return {
            "forwarder.protocol": "http" if plan.is_over_http else "grpc",
            "forwarder.calls": calls,
            "forwarder.memory": memory_mib(calls),
        }
    flags = dict(word.split("=", 1) for word in own.argv) if own else {}
    return {
        "forwarder.protocol": "http" if plan.is_over_http else "grpc",
        "forwarder.calls": int(flags.get("--calls", _CALLS)),
        "forwarder.memory": own.memory_mib if own else _MEMORY_MIB,
    }


def decided(agent: AgentPlan) -> dict[str, Any]:
    """Return the values of those keys for the agent of a plan, or its canary; else defaults."""
    agent = agent.canary.agent if agent.canary else agent
    sizes = agent.replica_buffer or collector_sizes.buffer(_DEFAULT, Capacity())
    return {
        "agent.queue.spans": sizes.queue_spans,
        "agent.queue.consumers": sizes.consumers,
        "agent.queue.fileMiB": sizes.disk_mib,
        "agent.queue.size": f"{sizes.disk_mib + SLACK_MIB}Mi",
        "agent.collector": dict(agent.collector.overrides) if agent.collector else {},
    }


def configuration_json() -> str:
    """Return the configuration that the chart fills in with its values; it has no token."""
    capacity = Capacity()
    queue = collector_sizes.buffer(_DEFAULT, capacity)
    return json.dumps(configuration("", collector_sizes.tune(capacity), queue), indent=2)


def rules_json() -> str:
    """Return what the chart says of a configuration that it refuses, by the rule's id."""
    texts = {rule.id: {"summary": rule.summary, "fix": f"{rule.fix}."} for rule in _REFUSED}
    return json.dumps(texts, indent=2)
