"""The plan: what is decided from a spec and its region."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from sidecar.errors import SidecarError
from sidecar.plan import Plan, make_plan
from sidecar.plan.agents import tune
from sidecar.plan.decide import KINDS
from sidecar.regions import load_regions, token_hosts
from sidecar.spec import (
    AGENT_KINDS,
    AgentSettings,
    Build,
    Capacity,
    GatewaySettings,
    ImageSettings,
    Publish,
    Resources,
    Service,
    Spec,
    Volume,
    require_region,
)


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


@pytest.mark.parametrize(
    ("spec", "project"),
    [
        (Spec("local"), "sidecar-local"),
        (Spec("cn-shanghai"), "sidecar-cn-shanghai"),
        (Spec("local", services=(Service("web", "i"),)), "services-local"),
        (Spec("local", services=(Service("web", "i"),), name="shop"), "shop"),
        (Spec("local", name="shop"), "shop"),
    ],
)
def test_the_demo_shares_its_project_with_nobody(spec: Spec, project: str) -> None:
    """The sample has its own project, a user's services another, and the spec's name wins."""
    assert project == plan_of(spec).project


def test_a_built_image_has_the_projects_name() -> None:
    """As Compose would call it."""
    service = Service("web", build=Build("./web"))

    assert (
        "shop-web"
        == plan_of(Spec("local", services=(service,), name="shop")).services[0].image.name
    )
    assert (
        "services-local-web" == plan_of(Spec("local", services=(service,))).services[0].image.name
    )


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
    """A named image is used unchanged, and no variable replaces it."""
    official = plan_of(Spec("local", agent=AgentSettings(version="1.22.0"))).services[0].agent.image
    own = plan_of(Spec("local", agent=AgentSettings(image="mine:1"))).services[0].agent.image

    assert ("jaegertracing/jaeger-agent:1.22.0", "SIDECAR_AGENT_IMAGE") == (
        official.name,
        official.variable,
    )
    assert ("mine:1", None) == (own.name, own.variable)


def test_a_network_without_a_host_is_refused() -> None:
    """An impossible pair fails before anything is rendered."""
    with pytest.raises(SidecarError, match="region local: has no vpc host"):
        plan_of(Spec("local", GatewaySettings("vpc")))


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        (
            Service("gateway", "i"),
            "services.gateway.name: is the name of the stand-in gateway. Rename the service",
        ),
        (
            Service("a", "i", port=1, publish=Publish(16686)),
            "services.a.publish: takes 16686, the port of the stand-in gateway's page",
        ),
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
    with pytest.raises(
        SidecarError, match=r"region: is not given. Give --region ID, or `region: ID` in a spec"
    ):
        require_region(None)
    assert "local" == require_region("local")


def test_an_agent_is_sized_for_all_replicas_that_share_it() -> None:
    """Capacity is of one replica; in Compose all replicas share one agent."""
    spec = Spec(
        "cn-beijing", services=(Service("web", "i", replicas=4),), capacity=Capacity(1000, 200)
    )
    tuning = plan_of(spec).services[0].agent.tuning

    assert tune(Capacity(4000, 200)) == tuning


def test_an_agents_memory_is_the_specs_if_it_gives_one() -> None:
    """The rest of the tuning stays computed."""
    agent = (
        plan_of(Spec("cn-beijing", agent=AgentSettings(resources=Resources(99, 0.5))))
        .services[0]
        .agent
    )

    assert (replace(tune(Capacity()), memory_mib=99), 0.5) == (agent.tuning, agent.cpus)


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (GatewaySettings(port=443), "tracing-analysis-dc-sz.aliyuncs.com:443"),
        (GatewaySettings(host="gw.example.com", allow=("GW.example.com",)), "gw.example.com:1883"),
        (
            GatewaySettings(host="[2001:db8::1]", port=1, allow=("[2001:db8::1]",)),
            "[2001:db8::1]:1",
        ),
        (
            GatewaySettings(host="tracing-analysis-dc-hz.aliyuncs.com"),
            "tracing-analysis-dc-hz.aliyuncs.com:1883",
        ),
        (
            GatewaySettings(host="Tracing-Analysis-DC-sz.aliyuncs.com"),
            "Tracing-Analysis-DC-sz.aliyuncs.com:1883",
        ),
    ],
)
def test_the_token_goes_to_a_host_of_the_catalogue_or_of_the_list(
    settings: GatewaySettings, address: str
) -> None:
    """Whatever its case; the port is the spec's, else the region's."""
    regions = load_regions()
    plan = make_plan(
        Spec("cn-shenzhen", settings), regions["cn-shenzhen"], known_hosts=token_hosts(regions)
    )

    assert address == plan.gateway.address
    assert f"--reporter.grpc.host-port={address}" in plan.services[0].agent.argv


def test_an_agent_looks_up_no_more_than_the_address_of_a_container() -> None:
    """Docker 20.10 does not answer gRPC's second question, so that the first spans would wait."""
    plan = make_plan(Spec("local"), load_regions()["local"])

    assert "gateway:1883" == plan.gateway.address
    assert "--reporter.grpc.host-port=passthrough:///gateway:1883" in plan.services[0].agent.argv


@pytest.mark.parametrize(
    "allow", [(), ("other.example.com", "example.com", "gw.example.com.evil.com")]
)
def test_a_token_goes_nowhere_else(allow: tuple[str, ...]) -> None:
    """The fix can be copied into the spec."""
    regions = load_regions()
    spec = Spec("cn-shenzhen", GatewaySettings(host="gw.example.com", allow=allow))
    with pytest.raises(SidecarError) as caught:
        make_plan(spec, regions["cn-shenzhen"], known_hosts=token_hosts(regions))

    assert (
        "gateway.host: 'gw.example.com' is not in the catalogue, and a token would go there. "
        'If you trust it, add it to the spec: gateway: {allow: ["gw.example.com"]} '
        "[gateway-not-allowed]"
    ) == str(caught.value)


def test_the_stand_ins_host_takes_no_real_token() -> None:
    """A name that means a container here can be anybody's elsewhere."""
    assert "gateway" not in token_hosts(load_regions())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            GatewaySettings(host="gw.example.com", allow=("gw.example.com",)),
            "gateway.host: the gateway of the region local is the stand",
        ),
        (
            GatewaySettings(tls=True),
            "gateway.tls: the stand-in does not support TLS. Remove it, or name another region",
        ),
    ],
)
def test_local_has_only_the_stand_in(settings: GatewaySettings, message: str) -> None:
    """Neither another host nor TLS; another port is fine."""
    with pytest.raises(SidecarError, match=message):
        plan_of(Spec("local", settings))
    stand_in = plan_of(Spec("local", GatewaySettings(port=1999))).stand_in
    assert stand_in
    assert "--grpc=0.0.0.0:1999" in stand_in.argv


def test_tls_is_refused_for_an_agent_that_is_not_known_to_support_it() -> None:
    """The flag is known from 1.18.0."""
    newest = plan_of(Spec("cn-beijing", GatewaySettings(tls=True))).services[0].agent.argv

    assert "--reporter.grpc.tls.enabled=true" in newest
    with pytest.raises(
        SidecarError,
        match=r"gateway.tls: agent 1.17.0 is not known to support TLS. Use 1.18.0 or",
    ):
        plan_of(
            Spec("cn-beijing", GatewaySettings(tls=True), agent=AgentSettings(version="1.17.0"))
        )


@pytest.mark.parametrize(
    ("folder", "source", "expected"),
    [
        (".", "./a", "./a"),
        (".", "../a", "../a"),
        (".", ".", "."),
        ("../..", "./a", "../../a"),
        ("../..", "..", "../../.."),
        ("spec", "./a/../b", "./spec/b"),
        ("x y", "/a/b", "/a/b"),
        ("../..", "named", "named"),
    ],
)
def test_paths_of_a_spec_are_reached_from_the_rendering(
    folder: str, source: str, expected: str
) -> None:
    """In a form that Compose never reads as a volume's name."""
    service = Service("web", "i", volumes=(Volume(source, "/x"),))
    regions = load_regions()
    plan = make_plan(Spec("cn-beijing", services=(service,)), regions["cn-beijing"], folder=folder)

    assert expected == plan.services[0].volumes[0].source


def test_files_and_contexts_are_reached_from_the_rendering_too() -> None:
    """A repository's address is not a path."""
    here = Service("web", build=Build("web"), env_files=("web.env",))
    there = Service("git", build=Build("git@example.com:team/web.git"))
    regions = load_regions()
    plan = make_plan(
        Spec("cn-beijing", services=(here, there)), regions["cn-beijing"], folder="../.."
    )
    web, git = plan.services

    assert web.build
    assert git.build
    assert ("../../web", ("../../web.env",)) == (web.build.context, web.env_files)
    assert "git@example.com:team/web.git" == git.build.context


def test_how_images_are_obtained_is_recorded() -> None:
    """For `sidecar images`."""
    assert "build" == plan_of(Spec("cn-beijing", images=ImageSettings(source="build"))).image_source


def test_every_agent_kind_of_a_spec_has_a_module() -> None:
    """A kind that can be written can be planned."""
    assert set(AGENT_KINDS) == set(KINDS)
