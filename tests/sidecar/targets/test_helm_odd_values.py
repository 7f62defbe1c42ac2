"""Values that are unusual and right: what they become is what was meant."""

from __future__ import annotations

import pytest
import yaml
from chart_objects import pod_of
from helm_charts import CHART, CI, one, template

from sidecar.targets.helm.keys import MAPS

JOBS = ("-f", next(path for path in CI if path.name.startswith("jobs")))


def values(tmp_path, text: str):
    """Return the flags that give a values file of this text."""
    (tmp_path / "values.yaml").write_text(text)
    return ("-f", tmp_path / "values.yaml")


def container_of(objects, name: str):
    """Return a service's container."""
    pod = pod_of(one(objects, "Deployment", f"demo-{name}"))
    return next(each for each in pod["containers"] if each["name"] == name)


def job_name(*options) -> str:
    """Return the name of the one Job."""
    (found,) = [
        each["metadata"]["name"]
        for each in template(CHART, *JOBS, *options)
        if each["kind"] == "Job"
    ]
    return found


@pytest.mark.parametrize("release", ["n", "y", "on", "true", "null"])
def test_names_that_yaml_would_read_as_something_else(release: str) -> None:
    """Every label is a text."""
    for each in template(CHART, release=release):
        assert release == each["metadata"]["labels"]["app.kubernetes.io/instance"]


def test_a_service_and_a_secret_with_such_names(tmp_path) -> None:
    """Quoted wherever they stand."""
    options = values(
        tmp_path, 'existingSecret: "123"\nservices: {"on": {image: "x:1"}, "1": {image: "x:1"}}\n'
    )
    objects = template(CHART, *options)

    assert "on" == container_of(objects, "on")["name"]
    assert "1" == container_of(objects, "1")["name"]
    (volume,) = [
        each
        for each in pod_of(one(objects, "Deployment", "demo-on"))["volumes"]
        if "secret" in each
    ]
    assert "123" == volume["secret"]["secretName"]


def test_numbers_and_flags_become_texts_in_labels_and_annotations(tmp_path) -> None:
    """Kubernetes takes nothing else."""
    text = """
commonLabels: {year: 2026}
podAnnotations: {count: 1000000, flag: true}
nodeSelector: {ssd: true}
"""
    options = values(tmp_path, text)
    pod = one(template(CHART, *options), "Deployment", "demo-backend")["spec"]["template"]

    assert "2026" == pod["metadata"]["labels"]["year"]
    assert {"count": "1000000", "flag": "true"}.items() <= pod["metadata"]["annotations"].items()
    assert {"ssd": "true"} == pod["spec"]["nodeSelector"]


def test_a_pods_label_wins_over_a_common_one(tmp_path) -> None:
    """And no key stands twice."""
    text = """
commonLabels: {team: a}
podLabels: {team: b}
services: {backend: {podLabels: {team: c}}}
"""
    objects = template(CHART, *values(tmp_path, text))

    assert (
        "c"
        == one(objects, "Deployment", "demo-backend")["spec"]["template"]["metadata"]["labels"][
            "team"
        ]
    )
    assert (
        "b"
        == one(objects, "Deployment", "demo-frontend")["spec"]["template"]["metadata"]["labels"][
            "team"
        ]
    )
    assert "a" == one(objects, "Service", "demo-backend")["metadata"]["labels"]["team"]


def test_no_variable_stands_twice(tmp_path) -> None:
    """ExtraEnv wins over env, a workload's over all's; server-side apply refuses duplicates."""
    text = """
extraEnv: [{name: PORT, value: "1"}, {name: ZONE, value: a}, {name: ALSO, value: $(ZONE)}]
services: {backend: {env: {PORT: "2"}, extraEnv: [{name: PORT, value: "3"}]}}
"""
    env = container_of(template(CHART, *values(tmp_path, text)), "backend")["env"]
    names = [each["name"] for each in env]

    assert sorted(set(names)) == sorted(names)
    assert "3" == next(each["value"] for each in env if each["name"] == "PORT")
    assert names.index("ZONE") < names.index("ALSO")


@pytest.mark.parametrize("off", ["{enabled: false}", "null"])
def test_a_service_of_the_charts_own_is_left_out(off: str, tmp_path) -> None:
    """With all that is made for it."""
    text = f"services: {{frontend: {off}}}\n"
    objects = template(CHART, *values(tmp_path, text))

    assert [] == [each for each in objects if each["metadata"]["name"] == "demo-frontend"]
    assert "frontend" not in yaml.safe_dump(one(objects, "Pod", "demo-delivery-test"))


def test_what_is_left_out_needs_no_native_agent() -> None:
    """A Job or a short grace period that is refused with a plain container is refused no more."""
    off = "jobs.a.enabled=false,services.frontend.enabled=false"
    short = "agent.mode=container,services.frontend.terminationGracePeriodSeconds=5"
    objects = template(CHART, "--set", f"{off},{short}")

    assert "Job" not in {each["kind"] for each in objects}


def test_null_clears_a_key_of_the_charts_own_service(tmp_path) -> None:
    """As an overlay does for a service of the same name; an autoscaler then sets replicas."""
    removed = "replicas: null, args: null, peers: null, health: null"
    text = f"services: {{frontend: {{image: 'own:1', {removed}}}}}\n"
    objects = template(CHART, *values(tmp_path, text))

    assert "replicas" not in one(objects, "Deployment", "demo-frontend")["spec"]
    assert {"args", "readinessProbe"}.isdisjoint(container_of(objects, "frontend"))


@pytest.mark.parametrize("section", MAPS)
def test_null_is_as_good_as_nothing(section: str, tmp_path) -> None:
    """For every key of a workload, however often a layer of values has removed it."""
    least = {"image": "own:1", **({"schedule": "@daily"} if section == "cronJobs" else {})}
    nothing = {key.path: None for key in MAPS[section]}
    with_null, without = (
        template(CHART, *values(tmp_path, yaml.safe_dump({section: {"own": each}})))
        for each in ({**nothing, **least}, least)
    )

    assert without == with_null


def test_a_job_runs_again_only_when_its_own_pod_changes() -> None:
    """Not for a policy, an annotation, a new token or chart; for another gateway it does."""
    same = (
        "networkPolicy.enabled=false",
        "commonAnnotations.a=b",
        "existingSecret=s,tokenRevision=2",
        "services.backend.replicas=3",
    )

    assert {job_name()} == {job_name("--set", sets) for sets in same[:2] + same[3:]}
    assert job_name("--set", same[2]) == job_name("--set", "existingSecret=s,tokenRevision=3")
    assert job_name() != job_name(
        "--set", "standIn.enabled=false,existingSecret=s,gateway.host=g.example.com"
    )


def test_a_jobs_name_follows_what_it_may_not_change_in_place() -> None:
    """A peer's port is in its environment."""
    peers = "jobs.example.peers.BACKEND_URL.service=backend"

    assert job_name("--set", peers) != job_name("--set", f"{peers},services.backend.port=9000")
    assert job_name() != job_name("--set", "jobs.example.backoffLimit=1")


def test_a_silent_service_is_no_alert() -> None:
    """An agent connects with its first span: the alert needs packets, too, of this release only."""
    options = (
        "--set",
        "metrics.enabled=true,metrics.rules.enabled=true,metrics.serviceMonitor.enabled=true",
    )
    objects = template(CHART, *options)
    rules = one(objects, "PrometheusRule", "demo-agents")["spec"]["groups"][0]["rules"]
    (expression,) = [rule["expr"] for rule in rules if rule["alert"] == "TracingAgentNotConnected"]

    assert (
        "and sum by (namespace, pod) (increase(jaeger_agent_thrift_udp_server_packets_processed"
        in expression
    )
    assert all('app_kubernetes_io_instance="demo"' in rule["expr"] for rule in rules)
    assert (
        "app.kubernetes.io/instance"
        in one(objects, "ServiceMonitor", "demo-agents")["spec"]["targetLabels"]
    )


def test_a_parent_charts_condition_is_no_unknown_key() -> None:
    """`condition: sidecar-kit.enabled` in a parent's dependencies sets this key."""
    assert template(CHART) == template(CHART, "--set", "enabled=true")
