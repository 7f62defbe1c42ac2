"""A canary in the chart: agent, collector and copier in one pod, as the plan decides them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from chart_objects import containers_of, pod_of
from helm_charts import (
    CHART,
    one,
    plan_of,
    refusal,
    run_helm,
    template,
    without_output,
    written,
)

from sidecar.rules import canaries
from sidecar.spec import AgentSettings, Capacity, Service, Spec

if TYPE_CHECKING:
    from pathlib import Path

VALUES = CHART / "ci" / "canary-values.yaml"
SETTINGS = AgentSettings(
    version="1.35.0",
    canary="collector",
    buffer_s=600,
    disk_mib=6000,
    collector={"extensions": {"zpages": {}}},
)
SPECS = {
    "sample": Spec("local", agent=AgentSettings(canary="collector")),
    "own": Spec(
        "local",
        services=(Service("web", "team/web:1", port=80, replicas=3),),
        agent=SETTINGS,
        capacity=Capacity(3000, 200),
    ),
}
PARTS = ["jaeger-agent", "sidecar-canary", "sidecar-drain", "sidecar-copier"]


def canary(*options: object, **settings: Any) -> list[dict[str, Any]]:
    """Return the chart's objects with a canary."""
    return template(CHART, "-f", VALUES, *options, **settings)


def parts_of(objects, workload: str = "demo-backend") -> dict[str, Any]:
    """Return the containers of a Deployment's pods by name, in their order, but what waits."""
    pod = pod_of(one(objects, "Deployment", workload))
    return {each["name"]: each for each in containers_of(pod) if "-wait" not in each["name"]}


def configuration_of(objects) -> dict[str, Any]:
    return yaml.safe_load(one(objects, "ConfigMap", "demo-collector")["data"]["config.yaml"])


@pytest.mark.parametrize("case", SPECS)
def test_it_is_the_plans(case: str, tmp_path: Path) -> None:
    """Versions, sizes and the user's own settings; chart and overlay are the same objects."""
    plan = plan_of(SPECS[case])
    agent = plan.services[0].agent
    assert agent.canary
    collector = agent.canary.agent
    assert collector.collector
    assert collector.replica_buffer

    objects = template(written(plan, tmp_path))
    parts = parts_of(objects, f"demo-{plan.services[0].name}")
    config = configuration_of(objects)
    queue = config["exporters"]["otlp_grpc"]["sending_queue"]

    assert [agent.version, collector.version] == [
        parts[name]["image"].rpartition(":")[2] for name in PARTS[:2]
    ]
    limits = [f"{each.replica_tuning.memory_mib}Mi" for each in (agent, collector)]
    assert limits == [parts[name]["resources"]["limits"]["memory"] for name in PARTS[:2]]
    assert [*agent.canary.copier.program] == parts["sidecar-copier"]["command"]
    buffer = collector.replica_buffer
    assert (buffer.queue_bytes, buffer.consumers) == (queue["queue_size"], queue["num_consumers"])
    assert buffer.disk_mib * 2**20 == config["extensions"]["file_storage"]["max_size"]
    assert collector.collector.overrides.get("extensions", {}).keys() <= config["extensions"].keys()
    assert objects == template(CHART, "-f", tmp_path / "values.yaml")


@pytest.mark.parametrize("kubernetes", ["1.34.0", "1.28.0"])
def test_the_copier_is_where_the_service_reports_to(kubernetes: str) -> None:
    """It starts last; agent and collector have ports of their own, on loopback."""
    objects = canary(kubernetes=kubernetes)
    parts = parts_of(objects)
    receivers = configuration_of(objects)["receivers"]
    agent = parts["jaeger-agent"]["args"]
    native = kubernetes == "1.34.0"

    assert (PARTS if native else [PARTS[0], PARTS[1], PARTS[3]]) == list(parts)[:-1]
    to = [word for word in parts["sidecar-copier"]["args"] if word.startswith("--to=")]
    assert ["--to=127.0.0.1:16831", "--to=127.0.0.1:26831"] == to
    assert "--processor.jaeger-compact.server-host-port=127.0.0.1:16831" in agent
    assert "127.0.0.1:26831" == receivers["jaeger"]["protocols"]["thrift_compact"]["endpoint"]
    assert {"127.0.0.1:4317", "127.0.0.1:4318"} == {
        each["endpoint"] for each in receivers["otlp"]["protocols"].values()
    }
    assert native is ("lifecycle" not in parts["sidecar-copier"])


def test_no_two_containers_of_a_pod_have_a_port() -> None:
    """Neither a number nor a name; the state of the copier is where the plan has it."""
    ports = [port for each in parts_of(canary()).values() for port in each.get("ports", [])]

    for key in ("containerPort", "name"):
        counted = Counter(port[key] for port in ports)
        assert {1} == {*counted.values()}, counted
    assert canaries.STATE_PORT in {port["containerPort"] for port in ports}


def test_services_and_agents_are_as_without_a_canary() -> None:
    """But for the agent's port: a service does not notice."""
    plain, both = parts_of(template(CHART)), parts_of(canary())
    changed = "--processor.jaeger-compact.server-host-port=127.0.0.1:"
    args = [word.replace(f"{changed}16831", f"{changed}6831") for word in both[PARTS[0]]["args"]]

    assert plain["backend"] == both["backend"]
    assert plain[PARTS[0]]["args"] == args
    assert plain.keys() == both.keys() - {*PARTS[1:]}


def test_only_the_agent_and_the_forwarder_have_a_token() -> None:
    """The Secret has both forms; no other object holds it."""
    objects = canary("--set", "token=canary1@f00d_canary1@beef")
    holders = [each["kind"] for each in objects if "canary1@f00d" in json.dumps(each)]
    mounts = {
        name
        for name, each in parts_of(objects).items()
        if "sidecar-token" in {mount["name"] for mount in each.get("volumeMounts", [])}
    }

    assert ["Secret"] == holders
    assert {"agent.yaml", "token"} == one(objects, "Secret", "demo-token")["stringData"].keys()
    assert {"jaeger-agent"} == mounts
    assert parts_of(objects, "demo-forwarder")["forwarder"]["volumeMounts"]


def test_a_pod_may_reach_the_gateway_and_the_forwarder() -> None:
    """The agent's way and the collector's; the copier needs none."""
    rules = one(canary(), "NetworkPolicy", "demo-backend")["spec"]["egress"]

    assert {53, 1883, 14317} == {port["port"] for rule in rules for port in rule["ports"]}


@pytest.mark.parametrize(
    ("kubernetes", "ended"),
    [
        ("1.34.0", []),
        ("1.28.0", ["/go/bin/agent-linux", "/otelcol-k8s", "sidecar.copier"]),
    ],
)
def test_helm_test_compares_in_a_pod_of_the_same_parts(kubernetes: str, ended: list[str]) -> None:
    """Its proof ends all of them where they are plain containers."""
    pod = pod_of(one(canary(kubernetes=kubernetes), "Pod", "demo-delivery-test"))
    *parts, proof = containers_of(pod)
    names = {each["name"] for each in parts}
    args = proof["args"]

    assert {"jaeger-agent", "sidecar-canary", "sidecar-copier"} == names
    assert "--canary" in args
    assert ended == [word.partition("=")[2] for word in args if word.startswith("--end-agent=")]
    assert [] == [each["name"] for each in parts if "lifecycle" in each]


def test_what_is_written_to_a_volume_of_a_cluster_is_the_collectors() -> None:
    """An ephemeral volume belongs to its group, as without a canary."""
    objects = canary("--set", "agent.queue.volume=ephemeral")
    pod = pod_of(one(objects, "Deployment", "demo-backend"))

    assert 10001 == pod["securityContext"]["fsGroup"]


@pytest.mark.parametrize(
    ("sets", "cause"),
    [
        ("gateway.host=h.example.com,standIn.enabled=false,token=t", "[canary-without-stand-in]"),
        (
            "agent.kind=collector,agent.version=0.165.0",
            "agent.canary: is already the kind: collector",
        ),
        ("services.backend.port=16831", "16831 is a port of the agent"),
        ("services.backend.port=14319", "14319 is a port of the agent"),
        ("services.forwarder.image=x", "the chart uses the names"),
        ("services.sidecar-copier.image=x", "the chart uses the names"),
        ("canary.version=0.100.0", "canary.version: 0.100.0 is not a collector's version"),
        ("canary.resources.limits.memory=null", "canary.resources.limits.memory: is empty"),
        ("agent.queue.fileMiB=64", "[collector-queue-above-disk]"),
        ("agent.canary=jaeger-agent", "'/agent/canary'"),
    ],
)
def test_values_that_cannot_work_are_refused(sets: str, cause: str) -> None:
    """With the key, the cause and the fix."""
    assert cause in refusal("-f", VALUES, "--set", sets)


def test_both_helms_render_the_same() -> None:
    """Byte for byte, but for what only Helm 3 is asked for."""
    arguments = ("template", "demo", CHART, "-f", VALUES, "--kube-version", "1.34.0")
    rendered = (run_helm(*arguments, name=name).stdout for name in ("helm", "helm4"))
    helm_3, helm_4 = (list(yaml.safe_load_all(without_output(text))) for text in rendered)

    assert helm_3 == [each for each in helm_4 if each]
