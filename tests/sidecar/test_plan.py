"""The plan: what is decided from a spec and its region."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from sidecar.errors import SidecarError
from sidecar.plan import Plan, make_plan
from sidecar.regions import load_regions
from sidecar.spec import Agent, GatewayWish, Publish, Service, Spec, require_region


def plan_of(spec: Spec) -> Plan:
    """Return a plan of the shipped catalogue."""
    return make_plan(spec, load_regions()[spec.region])


def test_the_plan_as_json_is_the_golden_one(golden) -> None:
    """Everything decided is in it, in the shape that scripts rely on."""
    golden("plan/local.json", json.dumps(plan_of(Spec("local")).as_dict(), indent=2) + "\n")


def test_a_region_needs_a_token_and_local_has_its_own() -> None:
    """Only local has a stand-in gateway and a committed token file."""
    local, other = plan_of(Spec("local")), plan_of(Spec("cn-shanghai"))

    assert ("local-agent.yaml", "secrets/agent.yaml") == (local.token_file, other.token_file)
    assert local.stand_in
    assert other.stand_in is None
    assert ("sidecar-local", "sidecar-cn-shanghai") == (local.project, other.project)


def test_no_argument_or_value_of_a_plan_is_a_token() -> None:
    """The agent's configuration file is named; its content is nowhere."""
    text = json.dumps(plan_of(Spec("local")).as_dict())

    assert "--config-file=/run/secrets/agent.yaml" in text
    assert "Authentication" not in text
    assert "public-constant" not in text


def test_a_plan_is_frozen() -> None:
    """A target cannot change what was decided."""
    with pytest.raises(FrozenInstanceError):
        plan_of(Spec("local")).region = "cn-shanghai"  # type: ignore[misc]


def test_the_agents_image_follows_its_version_unless_named() -> None:
    """A named image is used as it is, and no variable replaces it."""
    official = plan_of(Spec("local", agent=Agent(version="1.22.0"))).services[0].agent.image
    own = plan_of(Spec("local", agent=Agent(image="mine:1"))).services[0].agent.image

    assert ("jaegertracing/jaeger-agent:1.22.0", "SIDECAR_AGENT_IMAGE") == (official.name, official.variable)
    assert ("mine:1", None) == (own.name, own.variable)


def test_a_network_that_the_region_has_not_is_refused() -> None:
    """An impossible pair fails before anything is rendered."""
    with pytest.raises(SidecarError, match="region local: has no vpc host"):
        plan_of(Spec("local", GatewayWish("vpc")))


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        (Service("gateway", "i"), "service gateway: has the name of the stand-in gateway. Rename the service"),
        (Service("a", "i", port=1, publish=Publish(16686)), "service a: publishes 16686, the stand-in gateway's page"),
    ],
)
def test_local_keeps_the_stand_ins_name_and_port(service: Service, cause: str) -> None:
    """A service cannot take them there; in other regions it can."""
    spec = Spec("local", services=(service,))

    with pytest.raises(SidecarError, match=cause):
        plan_of(spec)
    assert service.name == plan_of(replace(spec, region="cn-beijing")).services[0].name


def test_a_spec_without_a_region_is_refused() -> None:
    """The error names both ways to give one."""
    with pytest.raises(SidecarError, match=r"region: is not named. Give --region ID, or `region: ID` in sidecar.yaml"):
        require_region(None)
    assert "local" == require_region("local")
