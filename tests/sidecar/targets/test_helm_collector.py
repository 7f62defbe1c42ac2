"""A collector in the chart: the plan's configuration, its volume, and what the chart refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from chart_objects import containers_of, egress_of, pod_of, problems_of
from collector_process import refused
from helm_charts import (
    CHART,
    LIBRARY,
    one,
    plan_of,
    refusal,
    run_helm,
    template,
    without_output,
    written,
)

from sidecar.errors import SidecarError
from sidecar.rules import collectors as rules
from sidecar.rules.canaries import NEEDS_STAND_IN
from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Resources, Service, Spec
from sidecar.targets import helm
from sidecar.targets.helm.collector import rules_json

if TYPE_CHECKING:
    from pathlib import Path

VALUES = CHART / "ci" / "collector-values.yaml"
COLLECTOR = AgentSettings("collector")
SPECS = {
    "local": Spec("local", agent=COLLECTOR),
    "region": Spec("cn-shanghai", GatewaySettings("vpc"), agent=COLLECTOR),
    "sizes": Spec(
        "eu-central-1",
        GatewaySettings(tls=True),
        services=(Service("web", "team/web:1", port=80, replicas=3),),
        agent=AgentSettings(
            "collector",
            buffer_s=600,
            disk_mib=6000,
            resources=Resources(1024),
            collector={"exporters": {"otlp_grpc": {"compression": "none", "timeout": "9s"}}},
        ),
        capacity=Capacity(3000, 200),
    ),
}


def collectors(*options: object, **settings: Any) -> list[dict[str, Any]]:
    """Return the chart's objects with collectors."""
    return template(CHART, "-f", VALUES, *options, **settings)


def agent_of(objects, name: str = "demo-backend"):
    """Return the collector's container in a Deployment."""
    pod = pod_of(one(objects, "Deployment", name))
    (found,) = [each for each in containers_of(pod) if each["name"] == "jaeger-agent"]
    return found


def configuration_of(objects) -> dict[str, Any]:
    """Return the configuration in the release's ConfigMap."""
    return yaml.safe_load(one(objects, "ConfigMap", "demo-collector")["data"]["config.yaml"])


def volumes_of(objects) -> dict[str, Any]:
    """Return the volumes of a pod by name."""
    pod = pod_of(one(objects, "Deployment", "demo-backend"))
    return {volume["name"]: volume for volume in pod["volumes"]}


@pytest.mark.parametrize("name", SPECS)
def test_the_chart_has_the_plans_configuration(name: str, tmp_path: Path) -> None:
    """Of one replica; but for addresses in a pod, the token's file, and the stand-in's name."""
    spec = SPECS[name]
    plan = plan_of(spec)
    alone = plan_of(replace(spec, services=one_replica(spec)))
    expected = json.loads(json.dumps(alone.services[0].agent.collector.configuration))
    receivers, extensions = expected["receivers"], expected["extensions"]
    for protocol in (*receivers["jaeger"]["protocols"].values(), *otlp(receivers)):
        protocol["endpoint"] = protocol["endpoint"].replace("0.0.0.0", "127.0.0.1")
    extensions["health_check"]["endpoint"] = ":13133"
    (reader,) = expected["service"]["telemetry"]["metrics"]["readers"]
    reader["pull"]["exporter"]["prometheus"]["host"] = "127.0.0.1"
    expected["exporters"]["otlp_grpc"]["endpoint"] = "demo-forwarder:14317"
    objects = template(written(plan, tmp_path))

    assert expected == configuration_of(objects)
    assert objects == template(CHART, "-f", tmp_path / "values.yaml")
    name = f"demo-{plan.services[0].name}"
    env = {each["name"]: each["value"] for each in agent_of(objects, name)["env"]}
    assert {"GOMEMLIMIT": f"{plan.services[0].agent.collector.go_memory_mib}MiB"} == env


def one_replica(spec: Spec):
    return spec.services and tuple(replace(each, replicas=1) for each in spec.services)


def otlp(receivers):
    return receivers["otlp"]["protocols"].values()


@pytest.mark.parametrize(
    ("memory", "limit"), [("1Gi", 819), ("512M", 390), (268435456, 204), ("300.5Mi", 240)]
)
def test_a_collectors_limits_follow_its_containers(memory: object, limit: int) -> None:
    """In each unit of Kubernetes, 80% for Go."""
    flag = "--set" if isinstance(memory, int) else "--set-string"
    objects = collectors(flag, f"agent.resources.limits.memory={memory}")

    assert f"{limit}MiB" == agent_of(objects)["env"][0]["value"]


def test_only_the_forwarder_has_the_token() -> None:
    """Mounted as its one file, from the Secret; no service's pod has it, nor rolls for another."""
    gateway = "standIn.enabled=false,gateway.host=gateway.example.com"

    def rendered(token: str):
        return collectors("--set", f"token={token},{gateway}")

    objects = rendered("canary1@f00d_canary1@beef")
    holders = [each["kind"] for each in objects if "canary1@f00d" in json.dumps(each)]
    pods = [each for each in objects if "sidecar-token" in json.dumps(pod_of(each) or {})]
    (volume, _) = pod_of(one(objects, "Deployment", "demo-forwarder"))["volumes"]

    assert ["Secret"] == holders
    given = one(objects, "Secret", "demo-token")["stringData"]
    assert "canary1@f00d_canary1@beef" == given["token"]
    assert ["demo-forwarder"] == [each["metadata"]["name"] for each in pods]
    assert [{"key": "token", "path": "token"}] == volume["secret"]["items"]
    service, other = (
        one(each, "Deployment", "demo-backend") for each in (objects, rendered("b@c_b@d"))
    )
    assert service == other


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        (GatewaySettings(), "grpc"),
        (GatewaySettings(tls=True), "grpcs"),
        (GatewaySettings(protocol="otlp-http"), "http"),
        (GatewaySettings(protocol="otlp-http", tls=True), "https"),
    ],
)
def test_the_forwarder_is_the_plans(gateway: GatewaySettings, expected: str, tmp_path) -> None:
    """Its arguments, but for the folder of its file; its memory; to the region's gateway."""
    plan = plan_of(Spec("cn-shanghai", gateway, agent=COLLECTOR))
    objects = template(written(plan, tmp_path))
    (container,) = pod_of(one(objects, "Deployment", "demo-forwarder"))["containers"]
    argv = [word.replace("/forwarder/token", "/sidecar/token") for word in plan.forwarder.argv]

    assert f"--protocol={expected}" in argv
    stays = ["--stay=65", "--successor=http://demo-forwarder:14318/state"]
    assert [*argv, *stays] == container["args"]
    assert list(plan.forwarder.program) == container["command"]
    assert f"{plan.forwarder.memory_mib}Mi" == container["resources"]["limits"]["memory"]


def test_services_reach_the_forwarder_and_only_it_the_gateway() -> None:
    """By their NetworkPolicies."""
    ports = egress_of(collectors())

    assert {53, 14317} == ports["demo-backend"]
    assert {53, 8090, 14318} == ports["demo-forwarder"]


def test_a_pod_declares_the_ports_at_which_its_collector_listens() -> None:
    """Each of the configuration's, and no other."""
    config = json.dumps(configuration_of(objects := collectors()))
    listens = {*re.findall(r'"[\d.]*:(\d+)"', config), *re.findall(r'"port": (\d+)', config)}

    assert listens == {f"{port['containerPort']}" for port in agent_of(objects)["ports"]}


def test_a_collector_listens_on_loopback_but_for_its_health() -> None:
    """The kubelet asks for the latter, which says nothing of the queue; metrics as asked for."""
    for enabled, host in (("false", "127.0.0.1"), ("true", "")):
        objects = collectors("--set", f"metrics.enabled={enabled}")
        config, agent = configuration_of(objects), agent_of(objects)
        (reader,) = config["service"]["telemetry"]["metrics"]["readers"]

        addresses = re.findall(r'"endpoint": "([^"]*)"', json.dumps(config["receivers"]))
        assert ["127.0.0.1:6831", "127.0.0.1:4317", "127.0.0.1:4318"] == addresses
        assert {"host": host, "port": 8888} == reader["pull"]["exporter"]["prometheus"]
        probes = [agent[name]["httpGet"] for name in ("startupProbe", "livenessProbe")]
        assert [{"path": "/", "port": 13133}] * 2 == probes
        assert {"level": "detailed"}.items() <= config["service"]["telemetry"]["metrics"].items()
        assert "check_collector_pipeline" not in config["extensions"]["health_check"]


def test_metrics_are_scraped_from_the_collectors_port() -> None:
    """By the same name of a port, for the ServiceMonitor, the policies and the watch."""
    objects = collectors("-f", CHART / "ci" / "metrics-values.yaml")
    ports = one(objects, "Service", "demo-backend")["spec"]["ports"]
    ingress = one(objects, "NetworkPolicy", "demo-backend")["spec"]["ingress"]
    (watch,) = [each for each in objects if each["kind"] == "CronJob"]
    egress = one(objects, "NetworkPolicy", "demo-sidecar-watch")["spec"]["egress"]

    admin = {"name": "agent-admin", "port": 8888, "targetPort": "agent-admin"}
    assert admin in ports
    assert {"name": "agent-admin", "containerPort": 8888} in agent_of(objects)["ports"]
    assert [{"port": 8888, "protocol": "TCP"}] == ingress[1]["ports"] == egress[-1]["ports"]
    assert "--agent=backend=demo-backend-agents:8888" in json.dumps(watch)


@pytest.mark.parametrize(
    ("kubernetes", "mode", "native", "lifecycle"),
    [
        ("1.34.0", "auto", True, None),
        ("1.30.0", "container", False, {"preStop": {"sleep": {"seconds": 20}}}),
        ("1.28.0", "auto", False, None),
    ],
)
def test_a_collector_stops_after_its_service(kubernetes, mode, native, lifecycle) -> None:
    """As an agent; its image has no `sleep` for a Kubernetes that has none."""
    objects = collectors("--set", f"agent.mode={mode}", kubernetes=kubernetes)
    pod = pod_of(one(objects, "Deployment", "demo-backend"))
    agent = agent_of(objects)

    assert native is (agent in pod.get("initContainers", []))
    assert lifecycle == agent.get("lifecycle")
    assert ("Always" if native else None) == agent.get("restartPolicy")


def test_a_pod_ends_once_its_queue_is_drained() -> None:
    """By what starts after the collector, and hence ends before it: within the pod's grace."""
    objects = collectors("--set", "terminationGracePeriodSeconds=90")
    pod = pod_of(one(objects, "Deployment", "demo-backend"))
    *_, agent, drain = pod["initContainers"]
    forwarder = pod_of(one(objects, "Deployment", "demo-forwarder"))

    assert ("jaeger-agent", "sidecar-drain") == (agent["name"], drain["name"])
    assert "exec python -m sidecar.forwarder.drain --seconds=85" in drain["command"][-1]
    assert ("Always", "64Mi") == (drain["restartPolicy"], drain["resources"]["limits"]["memory"])
    assert "volumeMounts" not in drain
    assert [] == problems_of(objects)
    assert "--stay=95" in forwarder["containers"][0]["args"]
    assert forwarder["terminationGracePeriodSeconds"] > 95


@pytest.mark.parametrize(
    ("option", "kubernetes"), [("agent.drain=false", "1.34.0"), ("agent.drain=true", "1.28.0")]
)
def test_a_pod_is_not_drained_where_that_cannot_be_or_is_not_wanted(option, kubernetes) -> None:
    """Plain containers all end together; nor is a jaeger-agent, which has no queue."""
    objects = collectors("--set", option, kubernetes=kubernetes)
    agents = template(CHART, "--set", "agent.drain=true")

    assert "sidecar-drain" not in json.dumps(objects)
    assert "sidecar-drain" not in json.dumps(agents)


def test_the_proof_ends_a_collector_that_is_a_plain_container() -> None:
    """By its program, and asks for its counters at its port."""
    objects = collectors(kubernetes="1.28.0")
    proof = one(objects, "Pod", "demo-delivery-test")["spec"]
    agent, test = proof["containers"]

    assert {"--end-agent=/otelcol-k8s", "--admin=http://127.0.0.1:8888"} <= set(test["args"])
    assert "--set=service.telemetry.logs.level=error" == agent["args"][-1]


def test_a_volume_is_as_large_as_the_file_needs() -> None:
    """With room for a copy; an emptyDir is writable for every user."""
    objects = collectors()

    assert {"name": "sidecar-queue", "emptyDir": {"sizeLimit": "3498Mi"}} == volumes_of(objects)[
        "sidecar-queue"
    ]
    assert "fsGroup" not in pod_of(one(objects, "Deployment", "demo-backend"))["securityContext"]


def test_a_generic_ephemeral_volume_is_the_users() -> None:
    """Of a storage class and size; writable by the collector's group."""
    sets = "agent.queue.volume=ephemeral,agent.queue.storageClass=fast,agent.queue.size=8Gi"
    objects = collectors("--set", sets)
    pod = pod_of(one(objects, "Deployment", "demo-backend"))
    claim = volumes_of(objects)["sidecar-queue"]["ephemeral"]["volumeClaimTemplate"]["spec"]

    assert {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "8Gi"}},
    } == claim
    assert 10001 == pod["securityContext"]["fsGroup"]
    assert [] == problems_of(objects)


def test_a_changed_configuration_rolls_the_pods() -> None:
    """And the stand-in, which holds traces in memory, stays."""

    def annotations(component: str, *options: str):
        found = one(collectors(*options), "Deployment", f"demo-{component}")
        return found["spec"]["template"]["metadata"]["annotations"]

    changed = ("--set", "agent.queue.consumers=9")
    name = "checksum/collector"

    assert annotations("backend")[name] != annotations("backend", *changed)[name]
    assert annotations("gateway") == annotations("gateway", *changed)


def test_a_job_has_a_collector_too() -> None:
    """With the volume, and another configuration makes another Job."""

    def job(*options: object):
        objects = collectors("-f", CHART / "ci" / "jobs-values.yaml", *options)
        return next(each for each in objects if each["kind"] == "Job")

    assert {"sidecar-queue"} <= {volume["name"] for volume in pod_of(job())["volumes"]}
    assert (
        job()["metadata"]["name"] != (job("--set", "agent.queue.consumers=9")["metadata"]["name"])
    )


def test_helm_4_renders_what_helm_3_does() -> None:
    """The same objects, in one order, but for how Helm 3 prints a test's output."""
    arguments = ("template", "demo", CHART, "-f", VALUES, "--kube-version", "1.34.0")
    helm_3, helm_4 = (run_helm(*arguments, name=name).stdout for name in ("helm", "helm4"))

    assert list(yaml.safe_load_all(without_output(helm_3))) == list(yaml.safe_load_all(helm_4))


def test_the_collector_accepts_the_charts_configuration(tmp_path: Path) -> None:
    """`otelcol validate` knows every key, also with an empty host."""
    objects = collectors("--set", "metrics.enabled=true")
    text = one(objects, "ConfigMap", "demo-collector")["data"]["config.yaml"]

    assert "" == refused(text, tmp_path)


LOSING: dict[str, dict[str, Any]] = {
    "collector-gives-up": {
        "exporters": {"otlp_grpc": {"retry_on_failure": {"max_elapsed_time": "300s"}}}
    },
    "collector-batch-processor": {
        "service": {"pipelines": {"traces": {"processors": ["resource", "batch"]}}}
    },
    "collector-queue-in-memory": {
        "exporters": {"otlp_grpc": {"sending_queue": {"enabled": False}}}
    },
    "collector-without-fsync": {"extensions": {"file_storage": {"fsync": False}}},
    "collector-recreates-queue": {"extensions": {"file_storage": {"recreate": True}}},
    "collector-compacts-at-start": {
        "extensions": {"file_storage": {"compaction": {"on_start": True}}}
    },
    "collector-blocks-on-overflow": {
        "exporters": {"otlp_grpc": {"sending_queue": {"block_on_overflow": True}}}
    },
    "collector-forwards-token": {
        "service": {"pipelines": {"traces": {"processors": ["memory_limiter"]}}}
    },
    "collector-prints-spans": {
        "exporters": {"debug": {"verbosity": "detailed"}},
        "service": {"pipelines": {"traces": {"exporters": ["otlp_grpc", "debug"]}}},
    },
}


@pytest.mark.parametrize("rule", LOSING)
def test_the_chart_refuses_what_the_spec_does(rule: str, tmp_path: Path) -> None:
    """The same rule, by its id, for what is laid over the configuration."""
    over = LOSING[rule]
    path = tmp_path / "over.yaml"
    path.write_text(yaml.safe_dump({"agent": {"collector": over}}))
    with pytest.raises(SidecarError) as refused:
        plan_of(Spec("local", agent=AgentSettings("collector", collector=over)))

    assert rule == refused.value.id
    assert f"[{rule}]" in refusal("-f", VALUES, "-f", path)


def test_every_rule_that_the_chart_knows_refuses_something() -> None:
    """A rule without a case here would pass the test above."""
    others = {rules.QUEUE_ABOVE_DISK.id, rules.RELAY_WITHOUT_COLLECTORS.id}
    others |= {rules.RELAY_ABOVE_STORAGE.id, NEEDS_STAND_IN.id}
    assert {*LOSING, *others} == set(json.loads(rules_json()))


@pytest.mark.parametrize(
    ("sets", "cause"),
    [
        ("agent.version=1.62.0", "agent.version: 1.62.0 is not a collector's version. Use 0.155.0"),
        ("agent.queue.fileMiB=64", "3600000 spans may take 3434 MiB"),
        ("agent.queue.size=1Gi", "agent.queue.size: 1Gi is less than agent.queue.fileMiB, 3434"),
        ("agent.resources.limits.memory=null", "agent.resources.limits.memory: is empty"),
        ("agent.extraArgs={--config=x}", "agent.extraArgs: the chart sets --config"),
        ("services.backend.port=4317", "4317 is a port of the agent"),
        ("agent.queue.volume=hostPath", "must be one of"),
    ],
)
def test_values_that_cannot_work_are_refused(sets: str, cause: str) -> None:
    """With the key, the cause and the fix."""
    assert cause in refusal("-f", VALUES, "--set", sets)


def test_the_kind_alone_is_refused() -> None:
    """Image, version and port follow from it: `sidecar render` writes them."""
    assert "is not a collector's version" in refusal("--set", "agent.kind=collector")


def test_the_library_serves_a_foreign_chart(tmp_path: Path) -> None:
    """Its values name the region's gateway; a StatefulSet takes the claim."""
    rendered = helm.render(plan_of(SPECS["region"]))
    values = yaml.safe_load(rendered["helm/charts/sidecar-agent/values.yaml"])
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "charts").mkdir()
    (chart / "charts" / "sidecar-agent").symlink_to(LIBRARY)
    version = yaml.safe_load((LIBRARY / "Chart.yaml").read_text())["version"]
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: own\nversion: {version}\n")
    (chart / "values.yaml").write_text(yaml.safe_dump({"sidecar-agent": values}))
    (chart / "templates" / "all.yaml").write_text(FOREIGN)
    sets = "sidecar-agent.agent.queue.volume=claim"
    config, workload = template(chart, "--set", sets)
    (claim,) = workload["spec"]["volumeClaimTemplates"]
    volumes = workload["spec"]["template"]["spec"]["volumes"]

    assert ("ConfigMap", "demo-collector") == (config["kind"], config["metadata"]["name"])
    assert "otel/opentelemetry-collector-k8s" in json.dumps(workload)
    assert ["sidecar-token", "sidecar-collector"] == [volume["name"] for volume in volumes]
    exporter = yaml.safe_load(config["data"]["config.yaml"])["exporters"]["otlp_grpc"]
    assert {"Authentication": "${file:/run/secrets/sidecar/token}"} == exporter["headers"]
    assert "tracing-analysis-dc-sh-internal" in exporter["endpoint"]
    assert ("sidecar-queue", "3498Mi") == (
        claim["metadata"]["name"],
        claim["spec"]["resources"]["requests"]["storage"],
    )


FOREIGN = """
{{- $sidecar := index .Subcharts "sidecar-agent" }}
{{ include "sidecar.agent.configMap" $sidecar }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: own}
spec:
  template:
    metadata:
      annotations:
        {{- include "sidecar.agent.annotations" $sidecar | nindent 8 }}
    spec:
      initContainers:
        {{- include "sidecar.agent.container" $sidecar | nindent 8 }}
      volumes:
        {{- include "sidecar.agent.volumes" $sidecar | nindent 8 }}
  volumeClaimTemplates:
    {{- include "sidecar.agent.claims" $sidecar | nindent 4 }}
"""
