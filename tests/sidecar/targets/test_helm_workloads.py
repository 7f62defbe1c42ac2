"""What a workload of the chart has of its own: placement, rollout, scale, ports and more."""

from __future__ import annotations

import pytest
import yaml
from chart_objects import pod_of
from helm_charts import CHART, CI, one, refusal, run_helm, template

CASE = ("-f", next(path for path in CI if path.name.startswith("workloads")))
PLACEMENT = {
    "serviceAccountName": "own",
    "priorityClassName": "high",
    "nodeSelector": {"pool": "own"},
    "tolerations": [{"key": "own", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "labelSelector": {}}],
}
FOR_ALL = {
    "serviceAccountName": "all",
    "priorityClassName": "low",
    "nodeSelector": {"pool": "all"},
    "tolerations": [{"key": "all", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 2, "labelSelector": {"matchLabels": {"a": "b"}}}],
}
BUDGET = "autoscaling: {maxReplicas: 9}, podDisruptionBudget: {minAvailable: 1}"
APART = ("affinity", "topologySpreadConstraints")
COLLECTORS = ("-f", next(path for path in CI if path.name.startswith("relay")))


@pytest.fixture
def rendered(tmp_path):
    """Return a function that renders the chart with values, after these options."""

    def render(values, *options, **settings):
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
        return template(CHART, *options, "-f", tmp_path / "values.yaml", **settings)

    return render


def placement(pod):
    """Return where a pod runs and as whom."""
    return {key: pod[key] for key in PLACEMENT if key in pod}


def deployment(objects, name: str):
    """Return a Deployment's spec."""
    return one(objects, "Deployment", f"demo-{name}")["spec"]


def pod(objects, name: str):
    """Return the spec of a Deployment's pod."""
    return pod_of(one(objects, "Deployment", f"demo-{name}"))


def test_each_workload_has_its_own_placement(rendered) -> None:
    """A service's and a job's replace what is for all; the others keep that."""
    job = {"image": "team/job:1", **PLACEMENT}
    objects = rendered({**FOR_ALL, "services": {"backend": PLACEMENT}, "jobs": {"once": job}})
    (made,) = [each for each in objects if each["kind"] == "Job"]

    assert placement(pod(objects, "backend")) == placement(pod_of(made)) == PLACEMENT
    assert FOR_ALL == placement(pod(objects, "frontend"))


def test_an_empty_value_removes_what_is_for_all(rendered) -> None:
    """As an affinity that one service does not share."""
    empty = {"affinity": {}, "tolerations": [], "nodeSelector": {}}
    objects = rendered({**FOR_ALL, "services": {"backend": empty}})

    assert set(FOR_ALL) - set(empty) == set(placement(pod(objects, "backend")))


@pytest.mark.parametrize("section", ["standIn", "forwarder", "relay"])
def test_the_charts_own_pods_have_their_own(section: str, rendered) -> None:
    """They never share how a service's pods stand to each other; the rest while theirs is empty."""
    kind = "StatefulSet" if section == "relay" else "Deployment"
    name = {"standIn": "gateway"}.get(section, section)
    shared = pod_of(one(rendered(FOR_ALL, *COLLECTORS), kind, f"demo-{name}"))
    own = rendered({**FOR_ALL, section: PLACEMENT}, *COLLECTORS)

    assert PLACEMENT == placement(pod_of(one(own, kind, f"demo-{name}")))
    if section == "relay":  # the chart keeps them apart
        assert "app.kubernetes.io/component" in str(shared.pop("affinity"))
    expected = {key: value for key, value in FOR_ALL.items() if key not in APART}
    assert expected == placement(shared)


def test_a_spread_without_a_selector_counts_the_own_pods(rendered) -> None:
    """Kubernetes would count none, and spread nothing; what is for all counts each by itself."""
    spread = {"topologySpreadConstraints": [{"maxSkew": 1, "labelSelector": None}, {"maxSkew": 2}]}
    objects = rendered({**spread, "standIn": spread})

    for name in ("frontend", "backend", "gateway"):
        selector = deployment(objects, name)["selector"]
        found = pod(objects, name)["topologySpreadConstraints"]
        assert [selector, selector] == [each["labelSelector"] for each in found]
        assert [1, 2] == [each["maxSkew"] for each in found]


def test_replicas_are_written_only_where_they_are_given(rendered) -> None:
    """An upgrade leaves an autoscaler's number; 0 is a number; a HorizontalPodAutoscaler has it."""
    given = {"backend": {"replicas": 0}}
    scaled = {"frontend": {"replicas": 3, "autoscaling": {"maxReplicas": 5}}}
    objects = rendered({"services": {**given, **scaled}})

    assert "replicas" not in deployment(template(CHART), "frontend")
    assert 0 == deployment(objects, "backend")["replicas"]
    assert "replicas" not in deployment(objects, "frontend")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo-frontend"}
    assert {"scaleTargetRef": target, "maxReplicas": 5} == one(
        objects, "HorizontalPodAutoscaler", "demo-frontend"
    )["spec"]


def test_helm_test_asks_no_service_that_is_scaled_to_0(rendered) -> None:
    """No pod of it could answer."""
    objects = rendered({"services": {"frontend": {"replicas": 0}}})
    arguments = one(objects, "Pod", "demo-delivery-test")["spec"]["containers"][0]["args"]

    assert [] == [each for each in arguments if each.startswith("--request")]


def test_a_rollout_of_ones_own(rendered) -> None:
    """In place of the one where a new pod is ready first."""
    objects = rendered({"services": {"backend": {"strategy": {"type": "Recreate"}}}})

    assert {"type": "Recreate"} == deployment(objects, "backend")["strategy"]
    assert {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}} == deployment(
        objects, "frontend"
    )["strategy"]


def test_a_grace_period_and_a_group_of_ones_own(rendered) -> None:
    """The drain and the forwarder follow the longest grace period."""
    own = {"terminationGracePeriodSeconds": 300, "podSecurityContext": {"fsGroup": 2000}}
    objects = rendered({"services": {"backend": own}}, *COLLECTORS)
    found = pod(objects, "backend")
    drain = next(each for each in found["initContainers"] if each["name"] == "sidecar-drain")

    assert (300, 2000) == (
        found["terminationGracePeriodSeconds"],
        found["securityContext"]["fsGroup"],
    )
    assert "--seconds=295" in drain["command"][2]
    assert pod(objects, "forwarder")["terminationGracePeriodSeconds"] > 300
    assert 60 == pod(objects, "frontend")["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("kubernetes", ["1.28.0", "1.34.0"])
def test_init_containers_come_after_the_agent(kubernetes: str) -> None:
    """Traced and restricted like the workload, with its image; own settings win."""
    found = pod(template(CHART, *CASE, kubernetes=kubernetes), "backend")
    *before, own = found["initContainers"]
    environment = {each["name"]: each["value"] for each in own["env"]}
    native = ["jaeger-agent"] if kubernetes == "1.34.0" else []
    service = next(each for each in found["containers"] if each["name"] == "backend")

    assert ["sidecar-wait", *native] == [each["name"] for each in before]
    assert {
        "JAEGER_AGENT_HOST": "127.0.0.1",
        "JAEGER_AGENT_PORT": "6831",
        "JAEGER_SERVICE_NAME": "backend",
    } == environment
    for key in ("image", "imagePullPolicy", "resources", "securityContext"):
        assert service[key] == own[key]
    assert [{"name": "data", "mountPath": "/var/lib/backend"}] == own["volumeMounts"]


def test_more_ports_are_the_containers_the_services_and_the_policys() -> None:
    """One list, three objects."""
    objects = template(CHART, *CASE)
    container = pod(objects, "frontend")["containers"][0]
    ingress = one(objects, "NetworkPolicy", "demo-frontend")["spec"]["ingress"]
    served = one(objects, "Service", "demo-frontend")["spec"]["ports"]

    assert {"name": "grpc", "containerPort": 9090, "protocol": "TCP"} in container["ports"]
    assert {"port": 9090, "protocol": "TCP"} in ingress[0]["ports"]
    assert {
        "name": "grpc",
        "port": 9090,
        "targetPort": "grpc",
        "appProtocol": "kubernetes.io/h2c",
    } in served


def test_readiness_is_asked_apart(rendered) -> None:
    """The sample's /readyz; without `ready`, all probes ask the same."""
    frontend = pod(template(CHART), "frontend")["containers"][0]
    same = rendered({"services": {"frontend": {"health": {"ready": None}}}})
    command = {"ready": {"path": None, "command": ["true"]}}
    other = rendered({"services": {"frontend": {"health": command}}})

    assert ["/healthz", "/readyz", "/healthz"] == [
        frontend[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")
    ]
    assert "/healthz" == pod(same, "frontend")["containers"][0]["readinessProbe"]["httpGet"]["path"]
    assert {"command": ["true"]} == pod(other, "frontend")["containers"][0]["readinessProbe"][
        "exec"
    ]


def test_the_volume_for_tmp_keeps_no_node() -> None:
    """The cluster autoscaler may end a pod that has it; a collector's queue does keep it."""
    name = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
    objects = template(CHART, *COLLECTORS)
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in objects
        if each["kind"] in ("Deployment", "StatefulSet")
    }
    local = {
        key: {each["name"] for each in found["spec"]["volumes"] if "emptyDir" in each}
        for key, found in pods.items()
    }

    assert {"demo-relay"} == {key for key, volumes in local.items() if "tmp" not in volumes}
    for key, found in pods.items():
        assert ("tmp" if "tmp" in local[key] else None) == found["metadata"]["annotations"].get(
            name
        )


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ("env: {N: 1}", ["env.false: an unquoted n, no, off or false", 'name, e.g. "N"']),
        ("services: {backend: {env: {on: 1}}}", ["services.backend.env.true: an unquoted y, yes"]),
        ("jobs: {once: {image: 'x:1', env: {no: 1}}}", ["jobs.once.env.false: an unquoted n, no"]),
        (
            "services: {backend: {extraPorts: [{name: http, port: 9}]}}",
            ["services.backend.extraPorts[0].name: port has it. Use another"],
        ),
        (
            "services: {backend: {extraPorts: [{name: admin, port: 14271}]}}",
            ["services.backend.extraPorts[0].port: 14271 is a port of the agent"],
        ),
        (
            "services: {backend: {extraPorts: [{name: a, port: 9}, {name: b, port: 9}]}}",
            ["services.backend.extraPorts[1].port: 9/TCP is also that of extraPorts[0]"],
        ),
        (
            "services: {backend: {initContainers: [{name: jaeger-agent}]}}",
            ["services.backend.initContainers: the pod has a container jaeger-agent"],
        ),
        (
            "services: {backend: {health: {ready: {command: [x]}}}}",
            ["services.backend.health.ready: both path and command are given. Set one to null"],
        ),
        (
            f"services: {{backend: {{{BUDGET}}}}}",
            ["1 of 1 replicas lets no pod be evicted"],
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(values: str, parts: list[str], tmp_path) -> None:
    """With the path, the cause and the fix."""
    (tmp_path / "values.yaml").write_text(values)
    said = refusal("-f", tmp_path / "values.yaml")

    assert [] == [part for part in parts if part not in said], said


def test_a_quoted_variable_is_a_variable(tmp_path) -> None:
    """Whatever YAML would read without the quotes."""
    (tmp_path / "values.yaml").write_text('env: {"N": 1, "on": "x"}')
    done = run_helm("template", "demo", CHART, "-f", tmp_path / "values.yaml")

    assert (0, True) == (done.returncode, '- name: "N"' in done.stdout)
