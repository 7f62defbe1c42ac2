"""The Compose target: every region and version, and a user's values, byte for byte and as data."""

from __future__ import annotations

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jinja2 import UndefinedError
from vendor_table import ROWS

from sidecar.checkout import find_checkout
from sidecar.plan import agents, make_plan
from sidecar.regions import load_regions
from sidecar.rendering import COMPOSE_FILE
from sidecar.spec import (
    AgentSettings,
    Build,
    Capacity,
    GatewaySettings,
    HealthCheck,
    ImageSettings,
    Publish,
    Resources,
    Sampling,
    Service,
    Spec,
    Volume,
)
from sidecar.targets import compose
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sidecar.plan import Plan

UNICODE = 'Straße "zürich" 東京 \N{GRINNING FACE} \u2028'
OWN = (
    Service(
        name="web",
        image="registry.example.com:5000/team/web:1.0",
        port=80,
        publish=Publish(8088),
        command=(
            "serve",
            "--price=$5",
            "--home=${HOME}",
            "--quote=\"'",
            "two words",
            "# no comment",
            UNICODE,
            "",
        ),
        environment={
            "PRICE": "$5 $$6 ${SEVEN:-7}",
            "YES": "yes",
            "NUMBER": "012",
            "TEXT": UNICODE,
            "LINES": "a\nb\t",
        },
    ),
    Service("n", "null", port=65535, environment={"JAEGER_AGENT_HOST": "elsewhere"}),
)
WHOLE = (
    Service(
        name="orders",
        build=Build("./orders", "deploy/Dockerfile", "runtime", {"PRICE": "$5", "PYTHON": "3.12"}),
        port=8000,
        publish=Publish(8000, "::1"),
        replicas=3,
        env_files=("./orders.env", "/etc/$orders.env"),
        volumes=(
            Volume('./o"r$ders', "/etc/orders: {x}", read_only=True),
            Volume("../shared", "/shared"),
            Volume("/srv/orders", "/srv"),
            Volume("data", "/data"),
        ),
        resources=Resources(512, 1.5),
        health=HealthCheck(
            http="/healthz?a='$b'", interval_s=10, timeout_s=2, retries=2, start_period_s=0
        ),
        sampling=Sampling("probabilistic", 0.25),
    ),
    Service(
        "worker",
        build=Build("https://git.example.com/worker.git#main:app"),
        volumes=(Volume("data", "/data"),),
        health=HealthCheck(command=("worker", "--check", "${HOME}")),
        environment={"JAEGER_SAMPLER_PARAM": "1"},
        sampling=Sampling("const", 0),
    ),
)
CASES = {
    "local": (Spec("local"), "."),
    "public": (Spec("cn-shanghai"), None),
    "vpc": (Spec("eu-central-1", GatewaySettings("vpc")), None),
    "from-checkout": (Spec("ap-northeast-1"), "../.."),
    "agent-1.15.0": (Spec("local", agent=AgentSettings(version="1.15.0")), None),
    "agent-1.17.9": (Spec("us-east-1", agent=AgentSettings(version="1.17.9")), None),
    "agent-1.20.0": (Spec("us-east-1", agent=AgentSettings(version="1.20.0")), None),
    "own-services": (
        Spec("cn-hongkong", services=OWN, agent=AgentSettings(image="mirror.example.com/agent:1")),
        None,
    ),
    "whole-spec": (
        Spec(
            "cn-heyuan",
            GatewaySettings(port=443, tls=True, host="gw.example.com", allow=("gw.example.com",)),
            WHOLE,
            AgentSettings(version="1.35.0", resources=Resources(128, 0.5)),
            ImageSettings("mirror.example.com/hub/", "registry"),
        ),
        None,
    ),
    "mirror": (Spec("cn-heyuan", images=ImageSettings("mirror.example.com/hub/")), None),
    "collector": (Spec("local", agent=AgentSettings("collector")), None),
    "collector-options": (
        Spec(
            "eu-central-1",
            GatewaySettings("vpc", tls=True),
            OWN[1:],
            AgentSettings(
                "collector",
                buffer_s=7200,
                disk_mib=2048,
                tcp_retries=5,
                collector={"exporters": {"otlp_grpc": {"compression": "none"}}},
            ),
            ImageSettings("mirror.example.com/hub/"),
            Capacity(200, 30),
        ),
        None,
    ),
    "collector-http": (
        Spec(
            "cn-beijing",
            GatewaySettings(protocol="otlp-http", tls=True),
            agent=AgentSettings("collector"),
        ),
        None,
    ),
    "capacity": (Spec("cn-chengdu", capacity=Capacity(8000, 300)), None),
}


FOLDERS = [("local", "./local-forwarder"), ("cn-shanghai", "./secrets/forwarder")]


def plan_of(spec: Spec, source: str | None = None) -> Plan:
    """Return a plan of the shipped catalogue."""
    return make_plan(spec, load_regions()[spec.region], source)


def rendered(spec: Spec, source: str | None = None) -> dict[str, Any]:
    """Return the Compose file as data, as Compose reads it where no variable is set."""
    text = compose.render(plan_of(spec, source))["docker-compose.yml"]
    data: dict[str, Any] = interpolated(yaml.safe_load(text))
    return data


def interpolated(value: Any) -> Any:
    """Do to every text what Compose does: `${NAME:-default}` becomes the default, `$$` a dollar."""
    if isinstance(value, dict):
        return {key: interpolated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$(?:(\$)|\{\w+:-([^}]*)\})", lambda found: found[1] or found[2], value)


@pytest.mark.parametrize("case", CASES)
def test_rendering_is_the_golden_one(case: str, golden) -> None:
    """Every file of a case, byte for byte."""
    spec, source = CASES[case]

    for name, text in compose.render(plan_of(spec, source)).items():
        golden(f"compose/{case}/{name}", text)


@pytest.mark.parametrize(
    ("row", "network"),
    list(product(ROWS, ("public", "vpc"))),
    ids=lambda value: getattr(value, "id", value),
)
def test_every_agent_of_every_region_reports_to_the_catalogues_host(row, network: str) -> None:
    """The host stands in each agent's arguments, and two renders are equal byte for byte."""
    spec = Spec(row.id, GatewaySettings(network))
    services = rendered(spec)["services"]
    host = row.public if network == "public" else row.vpc
    agents = [service for name, service in services.items() if name.endswith("-agent")]

    assert 2 == len(agents)
    assert all(f"--reporter.grpc.host-port={host}:1883" in one["command"] for one in agents)
    assert compose.render(plan_of(spec)) == compose.render(plan_of(spec))


@pytest.mark.parametrize("case", CASES)
def test_the_file_says_as_data_what_the_plan_says(case: str) -> None:
    """Nothing that a value holds changes on its way through the template and YAML."""
    spec, source = CASES[case]
    plan = plan_of(spec, source)
    services = rendered(spec, source)["services"]

    for service in plan.services:
        actual, agent = services[service.name], services[service.agent.name]
        assert service.image.name == actual["image"]
        assert list(service.command) == actual.get("command", [])
        assert service.environment == actual["environment"]
        assert (service.agent.image.name, list(service.agent.argv)) == (
            agent["image"],
            agent["command"],
        )
        assert (service.agent.user, f"{service.agent.tuning.memory_mib}m") == (
            agent["user"],
            agent["mem_limit"],
        )


@pytest.mark.parametrize("case", CASES)
def test_an_agent_is_reachable_by_its_service_only(case: str) -> None:
    """No port is published; an agent shares one network with its service, one with the gateway.

    A collector shares the other one with its forwarder, and has no way out.
    """
    spec, source = CASES[case]
    data = rendered(spec, source)
    members: dict[str, list[str]] = {}
    for name, service in data["services"].items():
        for network in service.get("networks", ()):
            members.setdefault(network, []).append(name)

    for service in plan_of(spec, source).services:
        assert "ports" not in data["services"][service.agent.name]
        assert [service.name, service.agent.name] == members[f"{service.name}-tracing"]
        assert {"internal": True} == data["networks"][f"{service.name}-tracing"]
        way = "forwarder" if service.agent.collector else "gateway"
        assert {way, f"{service.name}-tracing"} == set(
            data["services"][service.agent.name]["networks"]
        )


def test_published_ports_are_on_loopback_only() -> None:
    """The sample and the stand-in are reachable from this machine, as the contract says."""
    services = rendered(Spec("local"))["services"]

    assert ["127.0.0.1:8080:8080"] == services["frontend"]["ports"]
    assert ["127.0.0.1:16686:16686"] == services["gateway"]["ports"]
    assert {"frontend", "gateway"} == {
        name for name, service in services.items() if "ports" in service
    }


@pytest.mark.parametrize("case", CASES)
def test_agents_are_hardened_limited_and_restarted(case: str) -> None:
    """Read-only, no capabilities, no new privileges, non-root; limits, log rotation, restarts."""
    spec, source = CASES[case]
    services = rendered(spec, source)["services"]
    hardened = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": 256,
        "restart": "unless-stopped",
        "user": "10001:10001",
        "stop_grace_period": "15s",
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }
    plan = plan_of(spec, source)

    for agent in (one.agent for one in plan.services):
        assert hardened == {key: services[agent.name][key] for key in hardened}
        secret = None if agent.collector else [{"source": "agent", "target": "agent.yaml"}]
        assert secret == services[agent.name].get("secrets")
    if plan.forwarder:
        forwarder = services[plan.forwarder.name]
        assert hardened == {key: forwarder[key] for key in hardened}


def test_only_the_queues_of_collectors_are_writable() -> None:
    """A volume per collector, which one container gives to its user before it starts, and ends."""
    data = rendered(Spec("local", agent=AgentSettings("collector")))
    services = data["services"]
    prepared = services["sidecar-queues"]

    assert {"frontend-agent-queue": {}, "backend-agent-queue": {}} == data["volumes"]
    assert ("none", "no", "0:0", ["ALL"], ["CHOWN"], True) == tuple(
        prepared[key]
        for key in ("network_mode", "restart", "user", "cap_drop", "cap_add", "read_only")
    )
    for name in ("frontend-agent", "backend-agent"):
        (mounted,) = services[name]["volumes"]
        assert (f"{name}-queue", "/var/lib/otelcol") == (mounted["source"], mounted["target"])
        started = services[name]["depends_on"]["sidecar-queues"]
        assert {"condition": "service_completed_successfully"} == started
    assert {f"{name}-agent-queue" for name in ("frontend", "backend")} == {
        mounted["source"] for mounted in prepared["volumes"]
    }


@pytest.mark.parametrize(("region", "folder"), FOLDERS)
def test_only_the_forwarder_has_the_token_and_a_way_out(region: str, folder: str) -> None:
    """Its folder is mounted, so that a file that is replaced in it is seen."""
    data = rendered(Spec(region, agent=AgentSettings("collector")))
    forwarder = data["services"]["sidecar-forwarder"]

    (mounted,) = forwarder["volumes"]
    assert {
        "type": "bind",
        "source": folder,
        "target": "/run/secrets/forwarder",
        "read_only": True,
        "bind": {"create_host_path": False},
    } == mounted
    assert ["forwarder", "gateway"] == forwarder["networks"]
    assert {"internal": True} == data["networks"]["forwarder"]
    with_token = [name for name, each in data["services"].items() if folder in str(each)]
    assert ["sidecar-forwarder"] == with_token
    for text in compose.configurations(
        plan_of(Spec(region, agent=AgentSettings("collector")))
    ).values():
        assert "headers" not in text
        assert "sidecar-forwarder:14317" in text


def test_a_changed_configuration_replaces_its_collector() -> None:
    """A file's content does not count for Compose, a label does."""
    settings = (AgentSettings("collector"), AgentSettings("collector", buffer_s=60))
    services = [rendered(Spec("local", agent=each))["services"] for each in settings]
    labels = [each["backend-agent"]["labels"]["sidecar-kit.configuration"] for each in services]

    assert 2 == len(set(labels))


def test_labels_hold_region_and_version() -> None:
    """Each container says what it is and who rendered it."""
    plan = plan_of(Spec("cn-shanghai"))
    labels = rendered(Spec("cn-shanghai"))["services"]["backend-agent"]["labels"]
    expected = {
        "role": "agent",
        "service": "backend",
        "region": "cn-shanghai",
        "version": plan.kit_version,
        "token-file": "./secrets/agent.yaml",
    }

    assert {f"sidecar-kit.{key}": value for key, value in expected.items()} == labels


def test_a_service_starts_after_its_agent_and_stops_before_it() -> None:
    """Compose stops in the reverse order, so that an agent is there for the last spans."""
    services = rendered(Spec("local"))["services"]

    assert {"condition": "service_started"} == services["backend"]["depends_on"]["backend-agent"]
    assert {"condition": "service_started"} == services["frontend"]["depends_on"]["backend"]
    assert {"gateway": {"condition": "service_started"}} == services["backend-agent"]["depends_on"]


def test_a_users_image_is_run_as_it_is() -> None:
    """Nothing is assumed of an image: no user, no read-only root, no build, no health check."""
    web = rendered(CASES["own-services"][0])["services"]["web"]

    assert set() == web.keys() & {
        "user",
        "read_only",
        "cap_drop",
        "build",
        "healthcheck",
        "mem_limit",
        "tmpfs",
    }


def test_every_field_of_a_service_reaches_compose() -> None:
    """Build, files, volumes, limits, check, replicas and published range, as data."""
    data = rendered(CASES["whole-spec"][0])
    orders, worker = data["services"]["orders"], data["services"]["worker"]
    build = {"context": "./orders", "dockerfile": "deploy/Dockerfile", "target": "runtime"}
    bind = {"type": "bind", "bind": {"create_host_path": True}}

    assert {**build, "args": {"PRICE": "$5", "PYTHON": "3.12"}} == orders["build"]
    assert {"context": "https://git.example.com/worker.git#main:app"} == worker["build"]
    assert ("services-cn-heyuan-orders", "services-cn-heyuan-worker") == (
        orders["image"],
        worker["image"],
    )
    assert ["./orders.env", "/etc/$orders.env"] == orders["env_file"]
    assert [
        {**bind, "source": './o"r$ders', "target": "/etc/orders: {x}", "read_only": True},
        {**bind, "source": "../shared", "target": "/shared", "read_only": False},
        {**bind, "source": "/srv/orders", "target": "/srv", "read_only": False},
        {"type": "volume", "source": "data", "target": "/data", "read_only": False},
    ] == orders["volumes"]
    assert {"data": {}} == data["volumes"]
    assert ("512m", 1.5, {"replicas": 3}) == (orders["mem_limit"], orders["cpus"], orders["deploy"])
    assert ["[::1]:8000-8002:8000"] == orders["ports"]
    assert ("10s", "2s", 2, "0s") == tuple(
        orders["healthcheck"][key] for key in ("interval", "timeout", "retries", "start_period")
    )
    assert ["CMD", "worker", "--check", "${HOME}"] == worker["healthcheck"]["test"]
    assert set() == worker.keys() & {"ports", "deploy", "mem_limit", "cpus", "env_file"}


def test_a_path_is_asked_by_python_that_runs() -> None:
    """The line compiles, requests from its own container, and no quote ends its string early."""
    test = rendered(CASES["whole-spec"][0])["services"]["orders"]["healthcheck"]["test"]

    compile(test[-1], "check", "exec")
    assert ["CMD", "python", "-c"] == test[:3]
    assert """.open("http://127.0.0.1:8000/healthz?a='$b'", timeout=1)""" in test[-1]


def test_sampling_is_in_the_variables_that_the_client_reads() -> None:
    """Under what the user's own environment says."""
    services = rendered(CASES["whole-spec"][0])["services"]
    samplers = [
        {
            key[15:]: value
            for key, value in services[name]["environment"].items()
            if key.startswith("JAEGER_SAMPLER_")
        }
        for name in ("orders", "worker")
    ]

    assert [{"TYPE": "probabilistic", "PARAM": "0.25"}, {"TYPE": "const", "PARAM": "1"}] == samplers


def test_an_agents_limits_are_the_specs_own() -> None:
    """Memory instead of the computed, CPUs where none were limited."""
    agents = rendered(CASES["whole-spec"][0])["services"]["orders-agent"]

    assert ("128m", 0.5) == (agents["mem_limit"], agents["cpus"])
    assert "--reporter.grpc.tls.enabled=true" in agents["command"]
    assert "--reporter.grpc.host-port=gw.example.com:443" in agents["command"]


def test_a_mirror_stands_before_the_official_names() -> None:
    """Of base and agent; the kit's own images come from no registry."""
    services = rendered(CASES["mirror"][0], ".")["services"]

    assert (
        "mirror.example.com/hub/jaegertracing/jaeger-agent:1.62.0"
        == services["backend-agent"]["image"]
    )
    assert (
        "mirror.example.com/hub/library/python:3.12-slim-bookworm"
        == services["backend"]["build"]["args"]["BASE"]
    )
    assert services["backend"]["image"].startswith("sidecar-kit/sample:")


def test_a_users_environment_wins() -> None:
    """The kit's variables are defaults under the user's own."""
    environment = rendered(CASES["own-services"][0])["services"]["n"]["environment"]

    assert {
        "JAEGER_AGENT_HOST": "elsewhere",
        "JAEGER_AGENT_PORT": "6831",
        "JAEGER_SERVICE_NAME": "n",
    } == environment


@pytest.mark.parametrize(("source", "context"), [(".", "."), ("../..", "../.."), (None, None)])
def test_the_kits_images_build_where_the_checkout_is_at_hand(
    source: str | None, context: str | None
) -> None:
    """The build's context is relative to the file; a folder that is shipped has none."""
    backend = rendered(Spec("local"), source)["services"]["backend"]

    assert context == backend.get("build", {}).get("context")


def test_old_agents_are_not_probed() -> None:
    """Before 1.22 the image has nothing that could."""
    services = rendered(Spec("us-east-1", agent=AgentSettings(version="1.20.0")))["services"]

    assert "healthcheck" not in services["frontend-agent"]
    assert "jaegertracing/jaeger-agent:1.20.0" == services["frontend-agent"]["image"]


def test_locals_token_file_has_the_key_of_the_version() -> None:
    """The public constant stands under the key that the agent reads."""
    files = [
        compose.render(plan_of(Spec("local", agent=AgentSettings(version=v))))["local-agent.yaml"]
        for v in ("1.15.0", "1.62.0")
    ]
    tag = {"tags": "Authentication=local@stand-in_local@public-constant"}

    assert [{"jaeger": tag}, {"agent": tag}] == [yaml.safe_load(text) for text in files]


def test_other_regions_render_no_token_file() -> None:
    """A token is never rendered; the file is mounted from where `sidecar token set` puts it."""
    plan = plan_of(Spec("cn-shanghai"))

    assert ["docker-compose.yml"] == list(compose.render(plan))
    assert {"agent": {"file": "./secrets/agent.yaml"}} == rendered(Spec("cn-shanghai"))["secrets"]


def test_the_committed_files_are_a_fresh_render(golden) -> None:
    """`docker compose up` in a clone starts what the code renders today."""
    checkout = find_checkout()
    assert checkout is not None

    for name, text in compose.render(plan_of(Spec("local"), ".")).items():
        assert (checkout / name).read_bytes().decode() == text


def test_a_missing_name_in_a_template_is_an_error() -> None:
    """A slip in a template fails in the first test, not in a user's cluster."""
    with pytest.raises(UndefinedError):
        environment("compose").from_string("{{ plan.regoin }}").render(plan=plan_of(Spec("local")))


@pytest.fixture
def as_compose_reads(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return what `docker compose config` prints for a rendering, run from elsewhere."""
    program = request.getfixturevalue("compose").program

    def call(rendering: Mapping[str, str], folder: Path, *arguments: str) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rendering.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        command = [*program, "-f", str(folder / COMPOSE_FILE), "config", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=60)
        assert 0 == done.returncode, done.stderr
        return done.stdout

    return call


def test_compose_accepts_every_region_and_network(tmp_path, as_compose_reads) -> None:
    """`docker compose config -q` passes for 21 regions, public and VPC, from any directory."""

    def check(choice: tuple[Any, str]) -> str:
        row, network = choice
        return as_compose_reads(
            compose.render(plan_of(Spec(row.id, GatewaySettings(network)))),
            tmp_path / row.id / network,
            "-q",
        )

    with ThreadPoolExecutor(2) as pool:
        assert [""] * 42 == list(pool.map(check, product(ROWS, ("public", "vpc"))))


def test_another_path_of_the_token_makes_compose_replace_the_agents(
    tmp_path, as_compose_reads, monkeypatch
) -> None:
    """A file secret's path is not in Compose's hash of a service; the agents' label is."""

    def hashes() -> dict[str, str]:
        printed = as_compose_reads(compose.render(plan_of(Spec("cn-hangzhou"))), tmp_path, *options)
        return dict(line.split() for line in printed.splitlines())

    options = ("--hash", "*")
    before = hashes()
    monkeypatch.setenv("SIDECAR_TOKEN_FILE", str(tmp_path / "other.yaml"))
    after = hashes()

    changed = {name for name, value in before.items() if after[name] != value}
    assert {"frontend-agent", "backend-agent"} == changed


def test_an_agents_connection_may_end_after_fewer_retries() -> None:
    """Only where the spec says so: the kernel's own number is the default."""
    few = compose.render(plan_of(Spec("cn-hangzhou", agent=AgentSettings(tcp_retries=5))))
    agent = yaml.safe_load(few[COMPOSE_FILE])["services"]["frontend-agent"]

    assert {"net.ipv4.tcp_retries2": 5} == agent["sysctls"]
    assert "sysctls" not in compose.render(plan_of(Spec("cn-hangzhou")))[COMPOSE_FILE]


@pytest.mark.parametrize("case", CASES)
def test_compose_reads_the_plans_own_values(case: str, tmp_path, as_compose_reads) -> None:
    """Dollars, quotes and emoji reach the container as the spec has them."""
    spec, source = CASES[case]
    plan = plan_of(spec, source)
    rendering = {
        name: text.replace("/etc/$$orders.env", "orders.env")
        for name, text in compose.render(plan).items()
    }
    (tmp_path / "out").mkdir()
    (tmp_path / "out/orders.env").touch()
    services = json.loads(as_compose_reads(rendering, tmp_path / "out", "--format", "json"))[
        "services"
    ]

    for service in plan.services:
        actual = interpolated(services[service.name])
        assert list(service.command) == (actual.get("command") or [])
        assert service.environment == actual["environment"]
        assert list(service.agent.argv) == interpolated(services[service.agent.name]["command"])
        assert agents.USER == services[service.agent.name]["user"]
