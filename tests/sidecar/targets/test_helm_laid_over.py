"""What a workload has of Kubernetes' own form: laid over what the chart writes, or refused."""

from __future__ import annotations

import kubernetes_validate
import pytest
import yaml
from chart_objects import pod_of
from helm_charts import CHART, KUBERNETES, one, plan_of, refusal, template, written

from sidecar.spec import Service, Spec

PROBES = {
    "startupProbe": {"grpc": {"port": 9090, "service": "shop"}, "failureThreshold": 60},
    "readinessProbe": {"tcpSocket": {"port": "grpc"}},
    "livenessProbe": {"httpGet": {"path": "/live", "port": "grpc", "scheme": "HTTPS"}},
}
CONTAINER = {"workingDir": "/srv", "imagePullPolicy": "Always", **PROBES}
POD = {
    "automountServiceAccountToken": True,
    "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
    "runtimeClassName": "gvisor",
}
ROLLOUT = {"minReadySeconds": 10, "progressDeadlineSeconds": 300, "revisionHistoryLimit": 3}
RULE = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
INDEXED = {
    "completions": 2,
    "parallelism": 2,
    "completionMode": "Indexed",
    "podFailurePolicy": {"rules": [RULE]},
}
WEB = {
    "image": "team/web:1",
    "port": 8000,
    "extraPorts": [{"name": "grpc", "port": 9090}],
    "health": {"path": "/healthz"},
    "annotations": {"example.com/reload": "true"},
    "container": CONTAINER,
    "pod": POD,
    "workload": ROLLOUT,
    "service": {"annotations": {"example.com/mesh": "x"}, "spec": {"clusterIP": "None"}},
    "extraContainers": [{"name": "proxy", "image": "team/proxy:2"}],
    "extraEgress": [{"ports": [{"port": 5432}]}],
    "ingressFrom": [{"namespaceSelector": {"matchLabels": {"team": "edge"}}}],
    "podDisruptionBudget": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
}
JOB = {"image": "team/web:1", "annotations": {"example.com/hook": "x"}, "workload": INDEXED}
VALUES = {
    "commonAnnotations": {"example.com/owner": "shop"},
    "services": {"web": WEB},
    "jobs": {"migrate": JOB},
    "cronJobs": {"beat": {**JOB, "schedule": "@daily", "pod": {"schedulerName": "batch"}}},
}
GIVEN_BY_SPEC = {
    "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}},
    **{key: WEB[key] for key in ("annotations", "container", "pod", "workload", "service")},
    "containers": WEB["extraContainers"],
    **{key: WEB[key] for key in ("extraEgress", "ingressFrom")},
}


@pytest.fixture
def objects(tmp_path):
    """Return a function from more values to the chart's objects."""

    def render(values=(), **settings):
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(VALUES | dict(values)))
        return template(CHART, "-f", tmp_path / "values.yaml", **settings)

    return render


def container_of(found, name: str):
    """Return a container of a pod by its name."""
    return next(each for each in found["containers"] if each["name"] == name)


@pytest.mark.parametrize("kubernetes", KUBERNETES[2:])
def test_every_kubernetes_takes_it(kubernetes: str, objects) -> None:
    """By its strict API schema: a key at a wrong place would be refused."""
    for each in objects(kubernetes=kubernetes):
        kubernetes_validate.validate(each, kubernetes.rsplit(".", 1)[0], strict=True)


def test_probes_of_any_form_replace_those_of_health(objects) -> None:
    """As gRPC, TCP, or another port; a probe has one form."""
    found = container_of(pod_of(one(objects(), "Deployment", "demo-web")), "web")

    assert CONTAINER == {key: found[key] for key in CONTAINER}


def test_a_security_context_is_laid_over(objects) -> None:
    """Also by a value that is false."""
    own = {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, "runAsNonRoot": False}
    made = objects({"services": {"web": {**WEB, "container": {"securityContext": own}}}})
    found = container_of(pod_of(one(made, "Deployment", "demo-web")), "web")["securityContext"]

    assert {**own, "readOnlyRootFilesystem": True} == {
        key: found[key] for key in (*own, "readOnlyRootFilesystem")
    }


def test_more_of_the_pod_and_of_the_rollout(objects) -> None:
    """A pod may have its service account's token, which the chart leaves out."""
    found = one(objects(), "Deployment", "demo-web")

    assert POD == {key: pod_of(found)[key] for key in POD}
    assert pod_of(found)["enableServiceLinks"] is False
    assert ROLLOUT == {key: found["spec"][key] for key in ROLLOUT}


def test_another_container_of_the_pod_is_as_restricted(objects) -> None:
    """It reaches the agent, too."""
    found = container_of(pod_of(one(objects(), "Deployment", "demo-web")), "proxy")

    assert "team/proxy:2" == found["image"]
    assert found["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT", "JAEGER_SERVICE_NAME"} == {
        each["name"] for each in found["env"]
    }


def test_jobs_have_more_of_their_spec(objects) -> None:
    """A CronJob in that of its Jobs."""
    made = objects()
    (job,) = (each for each in made if each["kind"] == "Job")
    cron = one(made, "CronJob", "demo-beat")["spec"]["jobTemplate"]["spec"]

    for spec in (job["spec"], cron):
        assert INDEXED == {key: spec[key] for key in INDEXED}
    assert "batch" == cron["template"]["spec"]["schedulerName"]


def test_another_spec_makes_another_job(objects) -> None:
    """A Job cannot be changed."""
    other = {"jobs": {"migrate": {**JOB, "workload": {"completions": 3}}}}
    names = [
        each["metadata"]["name"]
        for made in (objects(), objects(other))
        for each in made
        if each["kind"] == "Job"
    ]

    assert 2 == len(set(names))


def test_annotations_are_on_the_object_alone(objects) -> None:
    """Beside those of every object; its pods and its policy have others."""
    made = objects()
    found = {
        each["metadata"]["name"]: each["metadata"]["annotations"]
        for each in made
        if each["kind"] in ("Deployment", "Job", "CronJob")
    }
    web = one(made, "Deployment", "demo-web")["spec"]["template"]["metadata"]["annotations"]

    assert {"example.com/owner": "shop", "example.com/reload": "true"} == found["demo-web"]
    assert 3 == sum(
        "example.com/reload" in each or "example.com/hook" in each for each in found.values()
    )
    assert "example.com/reload" not in web
    policy = one(made, "NetworkPolicy", "demo-web")["metadata"]["annotations"]
    assert {"example.com/owner": "shop"} == policy


def test_the_service_has_its_own(objects) -> None:
    """Headless, for one."""
    found = one(objects(), "Service", "demo-web")

    assert "x" == found["metadata"]["annotations"]["example.com/mesh"]
    assert "None" == found["spec"]["clusterIP"]
    assert "annotations" not in one(template(CHART), "Service", "demo-backend")["metadata"]


def test_a_workload_opens_its_policy_for_itself(objects) -> None:
    """The others stay closed to what it calls."""
    made = objects({"networkPolicy": {"ingressFrom": [{"podSelector": {}}]}})
    web, backend = (
        one(made, "NetworkPolicy", f"demo-{name}")["spec"] for name in ("web", "backend")
    )

    assert {"ports": [{"port": 5432}]} in web["egress"]
    assert {"ports": [{"port": 5432}]} not in backend["egress"]
    assert WEB["ingressFrom"][0] in web["ingress"][0]["from"]
    assert {"podSelector": {}} not in web["ingress"][0]["from"]
    assert {"podSelector": {}} in backend["ingress"][0]["from"]


def test_a_spec_says_all_of_it(tmp_path) -> None:
    """Under Kubernetes' names."""
    web = Service("web", "team/web:1", port=8000, ports={"grpc": 9090}, kubernetes=GIVEN_BY_SPEC)
    made = template(written(plan_of(Spec("cn-shanghai", services=(web,))), tmp_path))
    found = one(made, "Deployment", "demo-web")
    own = container_of(pod_of(found), "web")

    assert GIVEN_BY_SPEC["resources"] == own["resources"]
    assert GIVEN_BY_SPEC["env"][0] in own["env"]
    assert (PROBES["startupProbe"], 10) == (own["startupProbe"], found["spec"]["minReadySeconds"])
    assert "gvisor" == pod_of(found)["runtimeClassName"]
    assert container_of(pod_of(found), "proxy")
    assert "None" == one(made, "Service", "demo-web")["spec"]["clusterIP"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("container: {env: []}", "web.container.env: the chart decides it. Use env"),
        (
            "container: {volumeMounts: []}",
            "container.volumeMounts: the chart decides it. Use extra",
        ),
        ("pod: {containers: []}", "web.pod.containers: the chart decides it. Use extraContainers"),
        ("pod: {hostNetwork: true}", "web.pod.hostNetwork: the chart decides it. Remove it"),
        ("pod: {affinity: {}}", "web.pod.affinity: the chart decides it. Use affinity"),
        ("workload: {replicas: 2}", "web.workload.replicas: the chart decides it. Use replicas"),
        ("workload: {selector: {}}", "web.workload.selector: the chart decides it. Remove it"),
        (
            "port: 80, service: {spec: {ports: []}}",
            "service.spec.ports: the chart decides it. Use port and",
        ),
        ("service: {type: LoadBalancer}", "'type' not allowed"),
        ("service: {annotations: {a: b}}", "web.service: there is no port that anyone may call"),
        ("extraContainers: [{name: web}]", "extraContainers: the pod has a container web"),
        (
            "podDisruptionBudget: {maxUnavailable: 0}",
            "podDisruptionBudget.maxUnavailable: 0 lets no pod be evicted",
        ),
        (
            "podDisruptionBudget: {minAvailable: 100%}",
            "podDisruptionBudget.minAvailable: 100% lets no pod be evicted",
        ),
    ],
)
def test_what_the_chart_decides_is_refused(values: str, said: str, tmp_path) -> None:
    """With the key that decides it, if there is one."""
    (tmp_path / "values.yaml").write_text(f"services: {{web: {{image: 'x:1', {values}}}}}")

    assert said in refusal("-f", tmp_path / "values.yaml")


def test_a_jobs_limits_are_refused_below_workload(tmp_path) -> None:
    """The Job has keys of its own for them."""
    values = "jobs: {once: {image: 'x:1', workload: {backoffLimit: 1}}}"
    (tmp_path / "values.yaml").write_text(values)

    assert "jobs.once.workload.backoffLimit: the chart decides it. Use backoffLimit" in refusal(
        "-f", tmp_path / "values.yaml"
    )


def test_a_peer_is_called_at_any_of_its_ports(tmp_path) -> None:
    """By the port's name; without a scheme, as gRPC's clients want it."""
    calls = {"RPC": {"service": "web", "port": "grpc", "scheme": ""}, "WEB": {"service": "web"}}
    web = {"image": "x:1", "port": 8000, "extraPorts": [{"name": "grpc", "port": 9090}]}
    only = {"image": "x:1", "extraPorts": [{"name": "grpc", "port": 9090}], "peers": calls}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({"services": {"web": web, "api": only}}))
    made = template(CHART, "-f", tmp_path / "values.yaml")
    own = container_of(pod_of(one(made, "Deployment", "demo-api")), "api")
    rules = one(made, "NetworkPolicy", "demo-api")["spec"]["egress"]

    assert {"demo-web:9090", "http://demo-web:8000"} <= {each["value"] for each in own["env"]}
    assert {9090, 8000} <= {port["port"] for rule in rules for port in rule["ports"]}


def test_a_spec_names_a_services_other_ports_as_in_compose(tmp_path) -> None:
    """An address that only Compose resolves would be of no use in a cluster."""
    env = {"RPC": "web:9090", "WEB": "http://web:8000/v1", "METRICS": "https://web:9090"}
    web = Service("web", "x:1", port=8000, ports={"grpc": 9090})
    api = Service("api", "x:1", environment={**env, "OTHER": "web:7"})
    made = template(written(plan_of(Spec("cn-shanghai", services=(web, api))), tmp_path))
    found = container_of(pod_of(one(made, "Deployment", "demo-api")), "api")["env"]

    assert {
        "RPC": "demo-web:9090",
        "WEB": "http://demo-web:8000/v1",
        "METRICS": "https://demo-web:9090",
        "OTHER": "web:7",
    } == {each["name"]: each["value"] for each in found if "JAEGER" not in each["name"]}
