"""Relays in the chart: collectors on persistent volumes, to which those of the pods hand over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from chart_objects import egress_of, pod_of, problems_of
from collector_process import refused
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

from sidecar.spec import AgentSettings, RelaySettings, Service, Spec

if TYPE_CHECKING:
    from pathlib import Path

VALUES = CHART / "ci" / "relay-values.yaml"
SERVICES = (Service("web", "team/web:1", port=80, replicas=3),)
SPEC = Spec(
    "cn-shanghai",
    services=SERVICES,
    agent=AgentSettings("collector"),
    relay=RelaySettings(3, 600, 20480),
)


def relays(*options: object, **settings: Any) -> list[dict[str, Any]]:
    """Return the chart's objects with relays."""
    return template(CHART, "-f", VALUES, *options, **settings)


def configuration_of(objects, name: str = "demo-relay") -> dict[str, Any]:
    """Return a configuration in a ConfigMap of the release."""
    return yaml.safe_load(one(objects, "ConfigMap", name)["data"]["config.yaml"])


def container_of(objects) -> dict[str, Any]:
    """Return the relay's container."""
    (found,) = pod_of(one(objects, "StatefulSet", "demo-relay"))["containers"]
    return found


def test_the_relays_are_the_plans(tmp_path: Path) -> None:
    """Replicas, volumes, queue and memory; the forwarder takes all their calls."""
    plan = plan_of(SPEC)
    objects = template(written(plan, tmp_path))
    workload = one(objects, "StatefulSet", "demo-relay")["spec"]
    (claim,) = workload["volumeClaimTemplates"]
    config, relay = configuration_of(objects), plan.relay
    queue = config["exporters"]["otlp_grpc"]["sending_queue"]
    (forwarder,) = pod_of(one(objects, "Deployment", "demo-forwarder"))["containers"]

    assert (3, "20480Mi") == (
        workload["replicas"],
        claim["spec"]["resources"]["requests"]["storage"],
    )
    assert relay
    assert (relay.buffer.queue_bytes, relay.buffer.consumers) == (
        queue["queue_size"],
        queue["num_consumers"],
    )
    assert 20416 * 2**20 == config["extensions"]["file_storage"]["max_size"]
    assert f"{relay.memory_mib}Mi" == container_of(objects)["resources"]["limits"]["memory"]
    assert f"--calls={3 * relay.buffer.consumers}" in forwarder["args"]
    assert objects == template(CHART, "-f", tmp_path / "values.yaml")


def test_spans_go_from_the_pods_to_the_relays_and_to_the_forwarder() -> None:
    """By configuration and by policy; a queue on disk is all that the relay adds."""
    objects = relays()
    egress = egress_of(objects)
    pods, relay = (
        configuration_of(objects, name)["exporters"]["otlp_grpc"]
        for name in ("demo-collector", "demo-relay")
    )

    assert ("demo-relay:4317", "demo-forwarder:14317") == (pods["endpoint"], relay["endpoint"])
    assert {53, 4317, 8888} == egress["demo-backend"]
    assert {53, 14317} == egress["demo-relay"]
    config = configuration_of(objects)
    assert (
        ["otlp"] == [*config["receivers"]] == config["service"]["pipelines"]["traces"]["receivers"]
    )
    assert ["grpc"] == [*config["receivers"]["otlp"]["protocols"]]
    assert "file_storage" == relay["sending_queue"]["storage"]


def test_connections_are_spread_again_and_their_signs_of_life_are_welcome() -> None:
    """A server of gRPC ends connections that ask more often than every 5 minutes by default."""
    grpc = configuration_of(relays())["receivers"]["otlp"]["protocols"]["grpc"]["keepalive"]
    exporter = configuration_of(relays(), "demo-collector")["exporters"]["otlp_grpc"]

    assert {"min_time": "5s", "permit_without_stream": True} == grpc["enforcement_policy"]
    assert "10s" == exporter["keepalive"]["time"]
    assert "60s" == grpc["server_parameters"]["max_connection_age"]


def test_a_relay_fits_pod_security_restricted_and_owns_its_volume() -> None:
    """Under every rule for objects; it has no token, and one may be away at a time."""
    objects = relays("--set", "token=canary1@f00d_canary1@beef")
    pod = pod_of(one(objects, "StatefulSet", "demo-relay"))
    budget = one(objects, "PodDisruptionBudget", "demo-relay")["spec"]
    holders = [each["kind"] for each in objects if "canary1@f00d" in json.dumps(each)]

    assert [] == problems_of(objects)
    assert 10001 == pod["securityContext"]["fsGroup"]
    assert "sidecar-token" not in json.dumps(pod)
    assert ["Secret"] == holders
    assert 1 == budget["maxUnavailable"]


@pytest.mark.parametrize(
    ("kubernetes", "lifecycle"),
    [("1.30.0", {"preStop": {"sleep": {"seconds": 20}}}), ("1.29.0", None)],
)
def test_a_relay_outlives_the_pods_of_a_release_that_ends(kubernetes, lifecycle) -> None:
    """What they drain goes through it; its image has no `sleep` of its own."""
    objects = relays(kubernetes=kubernetes)
    pod = pod_of(one(objects, "StatefulSet", "demo-relay"))

    assert lifecycle == container_of(objects).get("lifecycle")
    assert 50 == pod["terminationGracePeriodSeconds"]


def test_who_proves_a_delivery_asks_the_relays() -> None:
    """`helm test` by its arguments, and `sidecar verify` by the pods' annotation."""
    objects = relays()
    (test,) = pod_of(one(objects, "Pod", "demo-delivery-test"))["containers"]
    backend = one(objects, "Deployment", "demo-backend")["spec"]["template"]["metadata"]
    service = one(objects, "Service", "demo-relay-pods")["spec"]

    assert "--relays=demo-relay-pods" in test["args"]
    assert "demo-relay-pods" == backend["annotations"]["sidecar-kit/relays"]
    assert ("None", True) == (service["clusterIP"], service["publishNotReadyAddresses"])
    assert [8888] == [port["port"] for port in service["ports"]]


def test_monitoring_sees_pods_relays_and_the_forwarder() -> None:
    """The ServiceMonitor selects a Service of each, by its port; the alerts are by pod."""
    objects = relays("-f", CHART / "ci" / "metrics-values.yaml")
    (monitor,) = [each for each in objects if each["kind"] == "ServiceMonitor"]
    (alerts,) = [each for each in objects if each["kind"] == "PrometheusRule"]
    selected = monitor["spec"]["selector"]["matchLabels"].items()
    ports = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
    scraped = {
        (service["metadata"]["name"], port["name"])
        for service in objects
        if service["kind"] == "Service" and selected <= service["metadata"]["labels"].items()
        for port in service["spec"]["ports"]
        if port["name"] in ports
    }

    pods = {("demo-frontend", "agent-admin"), ("demo-backend", "agent-admin")}
    others = {("demo-relay-pods", "agent-admin"), ("demo-forwarder", "state")}
    assert pods | others == {each for each in scraped if not each[0].endswith("-agents")}
    assert "sum by (namespace, pod) (min_over_time(otelcol_exporter_queue_size" in json.dumps(
        alerts
    )


def test_without_relays_nothing_of_them_is_there() -> None:
    """The default."""
    assert "relay" not in json.dumps(relays("--set", "relay.replicas=0"))


@pytest.mark.parametrize(
    ("sets", "cause"),
    [
        ("relay.queue.fileMiB=64", "1800000 spans may take 1717 MiB, and the file has 64"),
        ("relay.storage=1Gi", "1Gi is less than relay.queue.fileMiB, 1717"),
        ("relay.resources.limits.memory=null", "relay.resources.limits.memory: is empty"),
        ("services.relay.image=x", "the chart uses the names"),
        ("relay.replicas=101", "relay"),
    ],
)
def test_values_that_cannot_work_are_refused(sets: str, cause: str) -> None:
    """With the key, the cause and the fix."""
    assert cause in refusal("-f", VALUES, "--set", sets)


def test_relays_are_for_collectors() -> None:
    """By the rule's id."""
    assert "[relay-without-collectors]" in refusal("--set", "relay.replicas=2")


def test_both_helms_render_the_same_relays() -> None:
    """Each object as data, with monitoring; only their order differs."""
    options = ("--kube-version", "1.34.0", "-f", VALUES, "-f", CHART / "ci" / "metrics-values.yaml")
    helm_3, helm_4 = (
        run_helm("template", "demo", CHART, *options, name=name) for name in ("helm", "helm4")
    )

    assert (0, 0) == (helm_3.returncode, helm_4.returncode), helm_4.stderr
    objects = [
        {
            (each["kind"], each["metadata"]["name"]): each
            for each in yaml.safe_load_all(text)
            if each
        }
        for text in (without_output(helm_3.stdout), helm_4.stdout)
    ]
    assert ("StatefulSet", "demo-relay") in objects[1]
    assert objects[0] == objects[1]


def test_a_collector_accepts_the_relays_configuration(tmp_path: Path) -> None:
    """`otelcol validate` knows every key."""
    text = one(relays(), "ConfigMap", "demo-relay")["data"]["config.yaml"]

    assert "" == refused(text, tmp_path)
