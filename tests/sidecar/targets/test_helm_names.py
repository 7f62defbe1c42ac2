"""nameOverride, fullnameOverride and podDisruptionBudget: the objects, and their names."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from helm_charts import CHART, CI, one, refusal, run_helm, template

from sidecar.kubernetes.pods import Pod

JOBS = ("-f", next(path for path in CI if path.name.startswith("jobs")))
MONITORED = ",".join(
    f"metrics.{name}=true" for name in ("enabled", "rules.enabled", "serviceMonitor.enabled")
)
ALL = (*JOBS, "--set", f"{MONITORED},services.frontend.podDisruptionBudget.maxUnavailable=1")
NAME = "app.kubernetes.io/name"


def names(*sets: str, release: str = "demo") -> set[str]:
    """Return how the names of all objects begin, up to the component."""
    objects = template(CHART, *ALL, "--set", ",".join(sets), release=release)
    return {each["metadata"]["name"].partition("-")[0] for each in objects}


@pytest.mark.parametrize(
    ("sets", "release", "expected"),
    [
        ("fullnameOverride=tracing", "demo", "tracing-frontend"),
        ("fullnameOverride=tracing,nameOverride=shop", "demo", "tracing-frontend"),
        ("nameOverride=shop", "demo", "demo-shop-frontend"),
        ("nameOverride=shop", "shop", "shop-frontend"),
        ("nameOverride=shop", "my-shop", "my-shop-frontend"),
        ("fullnameOverride=tracing", "a.b", "tracing-frontend"),
    ],
)
def test_names_follow_the_overrides_as_in_other_charts(sets, release, expected) -> None:
    """The full name wins; nameOverride follows the release's name unless that contains it."""
    objects = template(CHART, "--set", sets, release=release)

    assert one(objects, "Deployment", expected)
    assert one(objects, "Service", expected)


@pytest.fixture
def parent(tmp_path):
    """Return a parent chart that has the chart twice."""
    parts = [
        {"name": "sidecar-kit", "version": ">=0.1.0-0", "alias": alias, "repository": "file://x"}
        for alias in ("shop", "billing")
    ]
    chart = {"apiVersion": "v2", "name": "all", "version": "1.0.0", "dependencies": parts}
    (tmp_path / "Chart.yaml").write_text(json.dumps(chart))
    shutil.copytree(CHART, tmp_path / "charts" / "sidecar-kit")
    return tmp_path


def test_a_parent_chart_has_it_twice_under_aliases(parent) -> None:
    """Each has its own names; without that, the second would replace the first."""
    objects = template(parent)
    found = [(each["kind"], each["metadata"]["name"]) for each in objects]

    assert len(found) == len(set(found))
    assert {"demo-shop", "demo-billing"} == {
        name.rpartition("-")[0] for kind, name in found if kind == "Deployment"
    }
    pod = one(objects, "Deployment", "demo-billing-backend")["spec"]["template"]["spec"]
    assert "--reporter.grpc.host-port=demo-billing-gateway:1883" in pod["initContainers"][1]["args"]


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_a_parent_chart_leaves_out_a_service_of_the_sample(program: str, parent) -> None:
    """By `enabled: false` in its own values, where Helm 4 ignores null."""
    off = {"services": {"frontend": {"enabled": False}}}
    (parent / "values.yaml").write_text(json.dumps({"billing": off}))
    done = run_helm("template", "demo", parent, "--kube-version", "1.34.0", name=program)
    names = {
        each["metadata"]["name"]
        for each in yaml.safe_load_all(done.stdout)
        if each and each["kind"] == "Deployment"
    }

    assert {"demo-shop-frontend", "demo-shop-backend", "demo-billing-backend"} == {
        name for name in names if not name.endswith("-gateway")
    }


def test_every_name_is_overridden() -> None:
    """Of Jobs, the Secret, policies, monitors and budgets, too; no name of the release remains."""
    assert {"tracing"} == names("fullnameOverride=tracing")
    assert {"demo"} == names("fullnameOverride=")


def test_addresses_follow_the_names() -> None:
    """Of the gateway, of peers, and of what `helm test` requests."""
    text = json.dumps(template(CHART, "--set", "fullnameOverride=tracing"))

    assert "--reporter.grpc.host-port=tracing-gateway:1883" in text
    assert "http://tracing-backend:8081" in text
    assert "--request=http://tracing-frontend:8080/greet?name=you" in text
    assert "demo-" not in text


def test_a_name_override_is_the_application_of_every_label_and_selector() -> None:
    """part-of and the chart's label stay: they say where the objects are from."""
    objects = template(CHART, *ALL, "--set", "nameOverride=shop")
    text = json.dumps(objects)

    assert {"shop"} == {each["metadata"]["labels"][NAME] for each in objects}
    assert f'"{NAME}": "sidecar-kit"' not in text
    assert {"sidecar-kit"} == {
        each["metadata"]["labels"]["app.kubernetes.io/part-of"] for each in objects
    }


@pytest.mark.parametrize("sets", ["nameOverride=shop", "fullnameOverride=tracing"])
def test_verify_finds_the_pods_of_renamed_objects(sets: str) -> None:
    """By the release's label, and it calls their services as before."""
    pods = [
        each["spec"]["template"]
        for each in template(CHART, "--set", sets)
        if each["kind"] == "Deployment"
    ]
    selected = [
        pod for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/instance"] == "demo"
    ]
    services = {Pod("any", "default", {**pod, "status": {}}).service for pod in selected}

    assert len(pods) == len(selected)
    assert {"frontend", "backend", "gateway"} == services


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [("minAvailable", "1", 1), ("minAvailable", "0", 0), ("maxUnavailable", "50%", "50%")],
)
def test_a_budget_selects_the_pods_of_its_service(key: str, given: str, expected) -> None:
    """A number or a percentage, with the Deployment's own selector."""
    sets = f"services.frontend.replicas=2,services.frontend.podDisruptionBudget.{key}={given}"
    objects = template(CHART, "--set", sets)
    budget = one(objects, "PodDisruptionBudget", "demo-frontend")["spec"]

    assert one(objects, "Deployment", "demo-frontend")["spec"]["selector"] == budget.pop("selector")
    assert {key: expected} == budget


def test_there_is_no_budget_by_default() -> None:
    """Nor for a service that is left out."""
    sets = "services.backend.enabled=false,services.backend.podDisruptionBudget.maxUnavailable=1"
    objects = template(CHART, "--set", f"{sets},services.frontend.peers=null")

    assert [] == [each for each in objects if each["kind"] == "PodDisruptionBudget"]


@pytest.mark.parametrize(
    ("budget", "cause"),
    [
        ("{minAvailable: 1, maxUnavailable: 1}", "both minAvailable and maxUnavailable are given"),
        ("{minAvailable: null}", "has neither minAvailable nor maxUnavailable"),
        ("{}", "has neither minAvailable nor maxUnavailable"),
    ],
)
def test_a_budget_is_one_number(budget: str, cause: str, tmp_path) -> None:
    """The other one can be removed with null."""
    values = tmp_path / "values.yaml"
    values.write_text(f"services: {{frontend: {{podDisruptionBudget: {budget}}}}}\n")

    assert f"services.frontend.podDisruptionBudget: {cause}" in refusal("-f", values)
