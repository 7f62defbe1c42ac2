"""What is decided about the relays between the collectors of pods and the forwarder."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.plan.collector_sizes import BASE_MIB, Buffer, buffer, disk_needed
from sidecar.rules import collectors as rules
from sidecar.spec import COLLECTOR

if TYPE_CHECKING:
    from sidecar.spec import AgentSettings, Capacity, RelaySettings, Spec
    from sidecar.spec.records import Resourced

SLACK_MIB = 64
"""What a volume has in addition to the queue's file: compaction writes a copy."""
CALL_MIB = 16
"""Of a call under way: its batch as it came, as data, and as it goes."""


@dataclass(frozen=True)
class RelayPlan:
    """Relays, each of which has an equal share."""

    replicas: int
    buffer: Buffer
    """Of one."""
    storage_mib: int
    """The size of one's volume."""
    memory_mib: int
    kubernetes: Resourced = field(default_factory=dict)
    """What the spec gives to each."""


def relay_of(spec: Spec, replicas: int) -> RelayPlan | None:
    """Return the relays for a number of replicas of all services; None where none are wanted."""
    if spec.relay is None:
        return None
    rate = spec.capacity.spans_per_second * replicas
    return plan_relay(spec.relay, spec.agent, replace(spec.capacity, spans_per_second=rate))


def plan_relay(settings: RelaySettings, agent: AgentSettings, capacity: Capacity) -> RelayPlan:
    """Return the relays for a capacity: that of all replicas of all services together.

    Raises SidecarError for agents that cannot use one, and for volumes that are too small.
    """
    if problem := rules.relay(is_collector=agent.kind == COLLECTOR):
        raise SidecarError.from_problem("relay", problem)
    share = math.ceil(capacity.spans_per_second / settings.replicas)
    held = settings.buffer_s or agent.buffer_s
    sizes = buffer(
        replace(agent, buffer_s=held, disk_mib=None), replace(capacity, spans_per_second=share)
    )
    storage = settings.storage_mib or sizes.disk_mib + SLACK_MIB
    needed = disk_needed(sizes.queue_spans) + SLACK_MIB
    if problem := rules.relay_storage(needed, storage):
        raise SidecarError.from_problem("relay.storage", problem)
    return RelayPlan(
        replicas=settings.replicas,
        buffer=replace(sizes, disk_mib=storage - SLACK_MIB),
        storage_mib=storage,
        memory_mib=64 * math.ceil((BASE_MIB + CALL_MIB * sizes.consumers) / 64),
        kubernetes=settings.kubernetes,
    )
