"""Which objects are looked into, and whose images are no part of a tracing backend."""

import json

import pytest

POD = """
      {key}:
        metadata: {{labels: {{app: shop}}}}
        spec:
          containers:
          - name: shop
            image: {image}
"""


@pytest.fixture
def outcomes(run, tmp_path):
    """Return a function that injects into a text; it returns workload → id of why not."""

    def call(text):
        path, report = tmp_path / "in.yaml", tmp_path / "report.json"
        path.write_text(text)
        done = run("inject", path, "--region", "cn-hangzhou", "--report", report, "--dry-run")
        assert done.code == 0
        found = json.loads(report.read_text())["workloads"]
        return {each["name"]: each.get("id", "") for each in found}

    return call


def test_objects_in_a_template_of_openshift_are_those_of_a_list(outcomes, run, tmp_path):
    """Its Deployments get an agent, its DeploymentConfigs are named; parameters stay."""
    pod = POD.format(key="template", image="example.com/shop:${TAG}")
    text = (
        "apiVersion: template.openshift.io/v1\n"
        "kind: Template\n"
        "metadata: {name: all}\n"
        "objects:\n"
        "- apiVersion: apps/v1\n"
        "  kind: Deployment\n"
        "  metadata: {name: new}\n"
        f"  spec:\n      replicas: ${{{{COUNT}}}}{pod}"
        "- apiVersion: apps.openshift.io/v1\n"
        "  kind: DeploymentConfig\n"
        "  metadata: {name: old}\n"
        f"  spec:\n      replicas: 1{pod}"
        "parameters:\n"
        "- {name: TAG, value: '1'}\n"
    )
    assert {"new": "", "old": "kind-not-injected"} == outcomes(text)

    (tmp_path / "in.yaml").write_text(text)
    injected = run("inject", tmp_path / "in.yaml", "--region", "cn-hangzhou").out
    (tmp_path / "out.yaml").write_text(injected)
    assert "initContainers" in injected
    assert text == run("uninject", tmp_path / "out.yaml").out


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("example.com/jaeger-shop:1", ""),
        ("example.com/jaegerdemo:1", ""),
        ("example.com/jaeger-collector:1", "workload-is-an-agent"),
        ("docker.io/bitnami/jaeger-query:1", "workload-is-an-agent"),
        ("jaegertracing/jaeger-es-index-cleaner:1", "workload-is-an-agent"),
    ],
)
def test_a_service_may_have_jaeger_in_its_name(outcomes, image, why):
    """Only the programs of a backend are one."""
    pod = POD.format(key="template", image=image)
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:"

    assert {"shop": why} == outcomes(head + pod)


@pytest.mark.parametrize(("port", "said"), [("6832", True), ("6831", False)])
def test_a_port_that_gets_another_protocol_is_said(run, tmp_path, port, said):
    """A tracer that sends binary Thrift to it would lose its spans in silence."""
    pod = POD.format(key="template", image="example.com/shop:1")
    head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:"
    env = f"            env: [{{name: JAEGER_AGENT_PORT, value: '{port}'}}]\n"
    (tmp_path / "in.yaml").write_text(head + pod + env)
    done = run("inject", tmp_path / "in.yaml", "--region", "cn-hangzhou")

    assert said == ("give --not shop [agent-port-of-another-protocol]" in done.err)
