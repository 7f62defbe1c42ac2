"""The chart as helm renders it: goldens, API schemas, regions, parity with Compose, and more."""

from __future__ import annotations

from itertools import product

import kubernetes_validate
import pytest
import yaml
from chart_objects import pod_of, problems_of
from helm_charts import CHART, CI, KUBERNETES, one, plan_of, run_helm, template, written
from vendor_table import ROWS

from sidecar.checks.charts import check_rendering
from sidecar.image_names import built_agent, official
from sidecar.rules.agents import DIRECT
from sidecar.spec import AgentSettings, GatewaySettings, HealthCheck, Resources, Service, Spec
from sidecar.targets import compose, helm
from sidecar.targets.helm.values import DEFAULT_TIMING, literal

OPTIONS = {"local": (), **{path.name.removesuffix("-values.yaml"): ("-f", path) for path in CI}}
CASES = {
    **{name: (options, "1.34.0") for name, options in OPTIONS.items()},
    "kubernetes-1.28": ((), "1.28.0"),
    "agent-1.15.0": (("--set", "agent.version=1.15.0"), "1.34.0"),
    "token": (
        ("--set", "standIn.enabled=false,gateway.host=gateway.example.com,token=canary"),
        "1.34.0",
    ),
}
USERS = (
    Service(
        "web",
        "team/web:1",
        port=8000,
        replicas=2,
        command=("serve", "--home=$HOME"),
        environment={"A": "$(B) $c", "API": "http://api:9000/v1"},
        health=HealthCheck(http="/ready", interval_s=9, retries=2),
    ),
    Service(
        "api",
        "team/api:1",
        port=9000,
        health=HealthCheck(command=("check", "-q")),
        resources=Resources(384, 0.5),
    ),
)
FOLLOW_REPLICAS = (
    "--processor.jaeger-compact.workers=",
    "--processor.jaeger-compact.server-queue-size=",
)
MONITORING = {"ServiceMonitor", "PrometheusRule"}
"""Of the Prometheus operator; the API's schemas do not know them."""


def text_of(objects) -> str:
    """Return objects as YAML."""
    return yaml.safe_dump_all(objects, sort_keys=False, width=120)


def agent_of(objects, name: str):
    """Return the agent's container in a Deployment, and whether it is a native sidecar."""
    pod = pod_of(one(objects, "Deployment", name))
    native = [each for each in pod.get("initContainers", []) if each["name"] == "jaeger-agent"]
    plain = [each for each in pod["containers"] if each["name"] == "jaeger-agent"]
    (container,) = native + plain
    return container, bool(native)


@pytest.mark.parametrize("case", CASES)
def test_a_chart_is_the_golden_one(case: str, golden) -> None:
    """Every object of a case, in helm's order."""
    options, kubernetes = CASES[case]

    golden(f"helm/{case}.txt", text_of(template(CHART, *options, kubernetes=kubernetes)))


@pytest.mark.parametrize("name", OPTIONS)
def test_lint_is_content(name: str) -> None:
    """`helm lint --strict`, with each values file for CI."""
    done = run_helm("lint", "--strict", CHART, "--kube-version", "1.34.0", *OPTIONS[name])

    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize(
    ("kubernetes", "name"),
    [pair for pair in product(KUBERNETES, OPTIONS) if pair[0] >= "1.29" or pair[1] != "jobs"],
)
def test_every_supported_kubernetes_knows_every_field(kubernetes: str, name: str) -> None:
    """Strict API schemas of 1.27 to 1.34, offline; Jobs from 1.29, which they need."""
    for each in template(CHART, *OPTIONS[name], kubernetes=kubernetes):
        if each["kind"] not in MONITORING:
            kubernetes_validate.validate(each, kubernetes.removesuffix(".0"), strict=True)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_platform_team_finds_nothing(name: str) -> None:
    """Pod Security restricted, limits, labels, versions, ports; but for what the values ask for."""
    writable = "Deployment demo-web: container web has readOnlyRootFilesystem not true"
    asked_for = {"region": [writable]}
    objects = template(CHART, *OPTIONS[name])

    assert asked_for.get(name, []) == problems_of(objects, is_scraped=name == "metrics")


@pytest.mark.parametrize("name", OPTIONS)
def test_nothing_is_written_that_the_api_drops(name: str) -> None:
    """An empty list or null comes back at each apply: a new generation, and a diff."""
    assert [] == [path for each in template(CHART, *OPTIONS[name]) for path in dropped(each, "")]


def dropped(value, path: str):
    """Yield the paths of empty lists and nulls."""
    if value is None or value == []:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from dropped(inner, f"{path}/{key}")


@pytest.mark.parametrize(
    ("kubernetes", "native"), [("1.28.15", False), ("1.29.0", True), ("1.34.3-eks-1", True)]
)
def test_the_agent_is_a_native_sidecar_from_1_29(kubernetes: str, native: bool) -> None:
    """In initContainers with restartPolicy Always; before, a plain container that stops later."""
    container, is_native = agent_of(template(CHART, kubernetes=kubernetes), "demo-frontend")

    assert native is is_native
    assert ("Always" if native else None) == container.get("restartPolicy")
    assert native is ("lifecycle" not in container)


@pytest.mark.parametrize("kubernetes", ["1.29.0", "1.30.0"])
def test_the_mode_can_be_overridden(kubernetes: str) -> None:
    """A plain container waits with the API's own sleep where there is one."""
    container, is_native = agent_of(
        template(
            CHART, "--set", "agent.mode=container,agent.stopDelaySeconds=9", kubernetes=kubernetes
        ),
        "demo-frontend",
    )
    by_exec = {"exec": {"command": ["sleep", "9"]}}

    assert not is_native
    assert {
        "preStop": by_exec if kubernetes == "1.29.0" else {"sleep": {"seconds": 9}}
    } == container["lifecycle"]


def test_the_agent_listens_on_loopback_only() -> None:
    """Nothing of it is reachable from outside its pod."""
    container, _ = agent_of(template(CHART), "demo-frontend")
    listening = [
        word for word in container["args"] if "host-port=" in word and "reporter" not in word
    ]

    assert 5 == len(listening)
    assert all("host-port=127.0.0.1:" in word for word in listening)
    assert [
        "/go/bin/agent-linux",
        "status",
        "--status.http.host-port=127.0.0.1:14271",
    ] == container["startupProbe"]["exec"]["command"]


def test_metrics_open_the_admin_port_to_monitoring_only() -> None:
    """Bound to the pod's address, probed there, and admitted from one namespace."""
    objects = template(CHART, "--set", "metrics.enabled=true")
    container, _ = agent_of(objects, "demo-frontend")
    ingress = one(objects, "NetworkPolicy", "demo-frontend")["spec"]["ingress"]
    monitoring = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    }

    assert "--admin.http.host-port=[$(POD_IP)]:14271" in container["args"]
    assert {"path": "/", "port": 14271} == container["startupProbe"]["httpGet"]
    assert [{"ports": [{"port": 14271, "protocol": "TCP"}], "from": [monitoring]}] == ingress[1:]


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize("network", ["public", "vpc"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_region_and_network(row, network: str, tmp_path) -> None:
    """Lint and strict API schemas of 1.27 to 1.34 find nothing; agents have the catalogue's host.

    They are native from 1.29. The overlay on the chart installs what the complete chart does.
    """
    plan = plan_of(Spec(row.id, GatewaySettings(network)))
    complete = written(plan, tmp_path)
    host = row.public if network == "public" else row.vpc

    assert [] == check_rendering(helm.render(plan))
    for kubernetes, native in (("1.28.0", False), ("1.29.0", True), ("1.34.0", True)):
        objects = template(complete, kubernetes=kubernetes)
        for name in ("demo-frontend", "demo-backend"):
            agent, is_native = agent_of(objects, name)
            assert native is is_native
            assert f"--reporter.grpc.host-port={host}:1883" in agent["args"]
    assert objects == template(CHART, "-f", tmp_path / "values.yaml")


@pytest.mark.parametrize("version", ["1.15.0", "1.17.9", "1.18.0", "1.19.2", "1.22.0", "1.62.0"])
def test_compose_and_the_chart_run_the_same(version: str, tmp_path) -> None:
    """One plan, both targets, as data: command lines, environment, probes, limits, users, ports.

    Allowed to differ: where the agent listens and its file is, names of hosts, Docker's proxy
    settings, how a probe is made (by the kubelet where Compose runs a command), that readiness is
    asked apart, and the agent's image with the stand-in, which Compose reads from .env.
    """
    plan = plan_of(Spec("local", agent=AgentSettings(version=version)))
    objects = template(written(plan, tmp_path))
    services = yaml.safe_load(compose.render(plan)["docker-compose.yml"])["services"]

    for service in plan.services:
        deployment = one(objects, "Deployment", f"demo-{service.name}")
        pod = pod_of(deployment)
        container = next(each for each in pod["containers"] if each["name"] == service.name)
        agent, _ = agent_of(objects, f"demo-{service.name}")
        composed, actual = services[service.name], services[service.agent.name]

        assert [in_kubernetes(word) for word in actual["command"]] == agent["args"]
        assert actual["user"] == user_of(agent)
        assert actual["mem_limit"] == f"{agent['resources']['limits']['memory'][:-2]}m"
        assert actual.get("healthcheck", {}).get("test", ["CMD"])[1:] == probe_of(agent)
        assert composed["command"] == container["args"]
        assert in_kubernetes_environment(composed["environment"]) == environment_of(container)
        assert (composed["user"], composed["mem_limit"]) == (user_of(container), "256m")
        assert "256Mi" == container["resources"]["limits"]["memory"]
        assert {"path": service.health_path, "port": "http"} == container["livenessProbe"][
            "httpGet"
        ]
        assert (DEFAULT_TIMING.interval_s, DEFAULT_TIMING.retries) == (
            container["readinessProbe"]["periodSeconds"],
            container["readinessProbe"]["failureThreshold"],
        )
        assert [service.port] == [port["containerPort"] for port in container["ports"]]
        assert service.replicas == deployment["spec"].get("replicas", 1)
        assert container["image"] in composed["image"]
        assert agent["image"] == built_agent(version)


def test_a_users_services_run_the_same(tmp_path) -> None:
    """Commands, variables, images, limits, checks, ports and replicas of a spec, on both targets.

    Allowed to differ in addition: each replica's agent is sized for one replica, and there is a
    limit where the spec names none.
    """
    plan = plan_of(Spec("eu-central-1", services=USERS))
    objects = template(written(plan, tmp_path))
    services = yaml.safe_load(compose.render(plan)["docker-compose.yml"])["services"]

    for service in plan.services:
        deployment = one(objects, "Deployment", f"demo-{service.name}")
        container = next(
            each for each in pod_of(deployment)["containers"] if each["name"] == service.name
        )
        agent, _ = agent_of(objects, f"demo-{service.name}")
        composed, actual = services[service.name], services[service.agent.name]
        ready, check = container["readinessProbe"], composed["healthcheck"]

        assert sized(in_kubernetes(word) for word in actual["command"]) == sized(agent["args"])
        assert composed["image"] == container["image"]
        assert [word.replace("$$", "$") for word in composed.get("command", [])] == as_passed(
            container.get("args", [])
        )
        assert in_compose_environment(composed["environment"]) == environment_of(container)
        assert (
            composed.get("mem_limit", "512m")[:-1]
            == container["resources"]["limits"]["memory"][:-2]
        )
        assert composed.get("cpus", 1) * 1000 == float(container["resources"]["limits"]["cpu"][:-1])
        assert [check[key] for key in ("interval", "timeout", "retries")] == [
            f"{ready['periodSeconds']}s",
            f"{ready['timeoutSeconds']}s",
            ready["failureThreshold"],
        ]
        assert service.health_path or check["test"][1:] == ready["exec"]["command"]
        assert service.health_path == ready.get("httpGet", {}).get("path")
        replicas = deployment["spec"].get("replicas", 1)
        assert composed.get("deploy", {"replicas": 1})["replicas"] == replicas


def sized(arguments) -> list[str]:
    """Return an agent's arguments but for the two that follow the number of replicas."""
    return [word for word in arguments if not word.startswith(FOLLOW_REPLICAS)]


def as_passed(arguments) -> list[str]:
    """Return arguments as Kubernetes passes them on."""
    return [word.replace("$$", "$") for word in arguments]


def in_compose_environment(environment):
    """Return a Compose service's variables as in the chart, before Kubernetes reads its own `$`."""
    renamed = {"JAEGER_AGENT_HOST": "127.0.0.1", "API": "http://demo-api:9000/v1"}
    plain = {key: value.replace("$$", "$") for key, value in environment.items()}
    return {key: renamed.get(key, literal(value)) for key, value in plain.items()}


def test_compose_and_the_chart_run_the_same_agent_for_a_region(tmp_path) -> None:
    """The official one, under one name."""
    plan = plan_of(Spec("eu-central-1"))
    agent, _ = agent_of(template(written(plan, tmp_path)), "demo-frontend")
    actual = yaml.safe_load(compose.render(plan)["docker-compose.yml"])["services"][
        "frontend-agent"
    ]

    assert f"${{SIDECAR_AGENT_IMAGE:-{agent['image']}}}" == actual["image"]


def test_a_clone_installs_the_images_that_make_images_makes() -> None:
    """No flag is needed for `local`: every name is one that the command leaves in the engine."""
    pods = [pod for each in template(CHART) if (pod := pod_of(each))]
    used = {
        each["image"]
        for pod in pods
        for each in (*pod.get("initContainers", []), *pod["containers"])
    }

    assert {built_agent(), official().sample.name, official().gateway.name} == used


def in_kubernetes(word: str) -> str:
    """Return an argument of Compose's agent as the chart has it."""
    moved = word.replace("=/run/secrets/agent.yaml", "=/run/secrets/sidecar/agent.yaml")
    # a cluster answers at once that there is no TXT record
    name, there = f"={DIRECT}gateway:1883", "=demo-gateway:1883"
    return moved.replace("=0.0.0.0:", "=127.0.0.1:").replace(name, there)


def in_kubernetes_environment(environment):
    """Return a service's environment as the chart has it."""
    kept = {key: value for key, value in environment.items() if key.upper() != "NO_PROXY"}
    renamed = {"JAEGER_AGENT_HOST": "127.0.0.1", "BACKEND_URL": "http://demo-backend:8081"}
    return {key: renamed.get(key, value) for key, value in kept.items()}


def environment_of(container):
    return {each["name"]: each["value"] for each in container["env"]}


def user_of(container) -> str:
    return "{runAsUser}:{runAsGroup}".format(**container["securityContext"])


def probe_of(container):
    return container.get("startupProbe", {}).get("exec", {}).get("command", [])


def test_values_arrive_as_they_are(tmp_path) -> None:
    """Quotes, dollars, templates, line breaks and emoji of a spec reach the container unchanged."""
    nasty = [
        'a"b',
        "{{ .Values.token }}",
        "$(JAEGER_AGENT_HOST) $$",
        "x\n  privileged: true",
        "#",
        "東京 😀",
        "1e3",
        "no",
        "",
    ]
    environment = {f"V{number}": value for number, value in enumerate(nasty)}
    service = Service("web", "team/web:1", port=80, command=tuple(nasty), environment=environment)
    objects = template(written(plan_of(Spec("cn-shanghai", services=(service,))), tmp_path))
    container = pod_of(one(objects, "Deployment", "demo-web"))["containers"][0]

    assert [literal(word) for word in nasty] == container["args"]
    assert {key: literal(value) for key, value in environment.items()}.items() <= environment_of(
        container
    ).items()


def test_a_number_in_the_environment_stays_one() -> None:
    """Not 1e+06, as a template would print it."""
    objects = template(CHART, "--set", "env.COUNT=1000000,env.FLAG=true")
    environment = environment_of(
        pod_of(one(objects, "Deployment", "demo-backend"))["containers"][0]
    )

    assert ("1000000", "true") == (environment["COUNT"], environment["FLAG"])


def test_a_changed_job_is_another_job() -> None:
    """A Job cannot be changed in place; its name follows its content, and two renders agree."""

    def name(*options):
        return next(
            each["metadata"]["name"]
            for each in template(CHART, *OPTIONS["jobs"], *options)
            if each["kind"] == "Job"
        )

    assert name() == name()
    assert name() != name("--set", "jobs.example.backoffLimit=1")


def test_a_token_from_a_value_rolls_its_pods() -> None:
    """By the checksum of the chart's own Secret; for an existing one tokenRevision does it."""

    def annotations(*sets):
        objects = template(CHART, "--set", ",".join(sets))
        return one(objects, "Deployment", "demo-frontend")["spec"]["template"]["metadata"][
            "annotations"
        ]

    assert annotations("token=a")["checksum/token"] != annotations("token=b")["checksum/token"]
    assert "checksum/token" not in annotations("existingSecret=s", "existingSecretCheck=false")
    assert "2" == annotations("existingSecret=s", 'tokenRevision="2"')[
        "sidecar-kit/token-revision"
    ].strip('"')


def test_an_existing_secret_is_mounted_and_none_is_made() -> None:
    """The token's only place is a file in the agent's container."""
    objects = template(CHART, "--set", "existingSecret=mine")
    pods = [pod for each in objects if (pod := pod_of(each))]

    assert [] == [each for each in objects if each["kind"] == "Secret"]
    for pod in pods:
        volume = next(each for each in pod["volumes"] if each["name"] == "sidecar-token")
        assert "mine" == volume["secret"]["secretName"]
        holders = [
            each["name"]
            for each in (*pod.get("initContainers", []), *pod["containers"])
            if any(mount["name"] == "sidecar-token" for mount in each.get("volumeMounts", []))
        ]
        assert len(holders) == 1
        assert holders[0] in ("jaeger-agent", "gateway")
