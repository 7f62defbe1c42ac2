"""A canary as each target has it: Compose and the chart render it, and the others refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sidecar import targets
from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.regions import load_regions
from sidecar.spec import AgentSettings, Service, Spec
from sidecar.targets import manifests

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.plan import Plan

CANARY = AgentSettings(canary="collector")


def plan_of(agent: AgentSettings = CANARY, region: str = "local", **settings: Any) -> Plan:
    return make_plan(Spec(region, agent=agent, **settings), load_regions()[region])


def compose_of(agent: AgentSettings, **settings: Any) -> dict[str, Any]:
    text = targets.render(plan_of(agent, **settings), ["compose"])["docker-compose.yml"]
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def test_the_copier_has_the_agents_name_for_its_service_alone() -> None:
    """It reaches both by other names, which nothing else has in their network."""
    services = compose_of(CANARY)["services"]
    agent, canary, copier = (services[f"frontend-{name}"] for name in ("agent", "canary", "copier"))

    assert {"frontend-tracing": {"aliases": ["frontend-agent"]}, "frontend-copies": {}} == copier[
        "networks"
    ]
    assert {"gateway": {}, "frontend-copies": {"aliases": ["frontend-agent-itself"]}} == agent[
        "networks"
    ]
    assert ["forwarder", "frontend-copies"] == canary["networks"]
    to = [word for word in copier["command"] if word.startswith("--to=")]
    assert ["--to=frontend-agent-itself:6831", "--to=frontend-canary:6831"] == to


def test_services_and_agents_are_as_without_a_canary() -> None:
    """But for where an agent is, and what starts before a service: nothing is recreated for it."""
    plain, both = (compose_of(each, watch=True)["services"] for each in (AgentSettings(), CANARY))

    for name, service in plain.items():
        moved = {"depends_on"} if name in ("frontend", "backend") else {"networks"}
        kept = {key: value for key, value in service.items() if key not in moved}
        assert kept == {key: value for key, value in both[name].items() if key not in moved}, name
    added = {"canary", "copier"}
    assert {f"{name}-{part}" for name in ("frontend", "backend") for part in added} | {
        "sidecar-forwarder",
        "sidecar-queues",
    } == both.keys() - plain.keys()


def test_the_collector_has_the_specs_settings_and_agents_keep_theirs() -> None:
    """`buffer`, `disk` and `collector` are the canary's; both tokens are rendered."""
    agent = AgentSettings(
        version="1.35.0",
        canary="collector",
        disk_mib=8000,
        collector={"extensions": {"zpages": {}}},
    )
    plan = plan_of(agent)
    made = plan.services[0].agent
    assert made.canary is not None
    collector = made.canary.agent

    assert ("1.35.0", None, "0.165.0") == (made.version, made.collector, collector.version)
    assert collector.collector is not None
    assert 8000 == collector.collector.buffer.disk_mib
    assert "zpages" in collector.collector.configuration["extensions"]
    files = targets.render(plan, ["compose"])
    assert {
        "docker-compose.yml",
        "collectors/backend-canary.yaml",
        "collectors/frontend-canary.yaml",
        "local-agent.yaml",
        "local-forwarder/token",
    } == files.keys()


def test_its_names_are_nobody_elses() -> None:
    """Services may be called as a canary's parts would be."""
    named = [Service(name, "web:1") for name in ("web", "web-copier", "web-canary")]
    services = compose_of(CANARY, services=tuple(named))["services"]

    assert {"web-copier-2", "web-canary-2"} < services.keys()
    assert "--to=web-canary-2:6831" in services["web-copier-2"]["command"]


@pytest.mark.parametrize(
    "render",
    [
        lambda plan: targets.render(plan, ["systemd"]),
        lambda plan: manifests.additions(plan, "tracing", native=True),
    ],
    ids=["systemd", "inject"],
)
def test_other_targets_refuse_it(render: Callable[[Plan], object]) -> None:
    """By the rule's id."""
    plan = plan_of()
    with pytest.raises(SidecarError) as caught:
        render(plan)

    assert ("agent.canary", "canary-not-of-target") == (caught.value.subject, caught.value.id)


def test_a_region_refuses_it() -> None:
    """It would keep each span twice."""
    with pytest.raises(SidecarError) as caught:
        plan_of(region="cn-shanghai")

    assert ("agent.canary", "canary-without-stand-in") == (caught.value.subject, caught.value.id)
