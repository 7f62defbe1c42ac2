"""Relays: shares of what all replicas send, and volumes that hold it."""

from __future__ import annotations

import pytest

from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.plan.relays import plan_relay
from sidecar.regions import load_regions
from sidecar.spec import AgentSettings, Capacity, RelaySettings, Service, Spec

COLLECTOR = AgentSettings("collector")


def test_each_relay_has_an_equal_share() -> None:
    """Of the rate times the outage, with room on its volume for the queue's file and a copy."""
    two = plan_relay(RelaySettings(2), COLLECTOR, Capacity(2000, 200))
    three = plan_relay(RelaySettings(3, 7200), COLLECTOR, Capacity(2000, 200))

    expected = (1800, 1_800_000, 1717, 1781, 192)
    assert expected == (
        two.buffer.outage_s,
        two.buffer.queue_spans,
        two.buffer.disk_mib,
        two.storage_mib,
        two.memory_mib,
    )
    assert (7200, 667 * 7200) == (three.buffer.outage_s, three.buffer.queue_spans)


def test_relays_take_what_all_replicas_of_all_services_send() -> None:
    """Each of them at the capacity."""
    services = (Service("web", "web:1", replicas=3), Service("jobs", "jobs:1"))
    spec = Spec("local", services=services, agent=COLLECTOR, relay=RelaySettings(1, 60))
    relay = make_plan(spec, load_regions()["local"]).relay

    assert relay
    assert 4 * 2000 * 60 == relay.buffer.queue_spans


def test_a_given_volume_bounds_the_file() -> None:
    """What it does not need is a reserve."""
    relay = plan_relay(RelaySettings(1, 60, storage_mib=20480), COLLECTOR, Capacity(100))

    assert (20480, 20416) == (relay.storage_mib, relay.buffer.disk_mib)


@pytest.mark.parametrize(
    ("settings", "kind", "rule"),
    [
        (RelaySettings(1, 7200, 1024), "collector", "relay-above-storage"),
        (RelaySettings(), "jaeger-agent", "relay-without-collectors"),
    ],
)
def test_relays_that_cannot_work_are_refused(settings, kind, rule) -> None:
    """By the rule's id."""
    with pytest.raises(SidecarError) as refused:
        plan_relay(settings, AgentSettings(kind), Capacity())

    assert rule == refused.value.id
