"""Each pod of an object of another kind is judged by itself."""

from __future__ import annotations

import json

import pytest

AGENT = (
    "{name: jaeger-agent, image: jaegertracing/jaeger-agent:1.62.0, "
    "args: [--reporter.grpc.host-port=tracing-analysis-dc-sh.aliyuncs.com:1883]}"
)
TO_LOOPBACK = "env: [{name: JAEGER_AGENT_HOST, value: localhost}]"
MAIN = f"{{name: NAME, image: shop/etl:1, {TO_LOOPBACK}}}"
LOOPBACK = "agent-host-loopback"


def pod(name: str, *others: str) -> str:
    """Return a template whose container reports to the pod's loopback."""
    containers = ", ".join((MAIN.replace("NAME", name), *others))
    return f"{{spec: {{containers: [{containers}]}}}}"


ALONE = {
    "ray": (
        (
            f"{{headGroupSpec: {{template: {pod('head', AGENT)}}}, "
            f"workerGroupSpecs: [{{template: {pod('worker')}}}]}}"
        ),
        "worker",
    ),
    "volcano": (f"{{tasks: [{{template: {pod('a')}}}, {{template: {pod('b', AGENT)}}}]}}", "a"),
    "argo": (
        (
            f"{{templates: [{{name: a, container: {{image: etl:1, {TO_LOOPBACK}}}, "
            f"sidecars: [{AGENT}]}}, {{name: b, script: {{image: etl:1, {TO_LOOPBACK}}}}}]}}"
        ),
        "b",
    ),
    "argo's set": (
        (
            f"{{templates: [{{name: a, containerSet: {{containers: "
            f"[{MAIN.replace('NAME', 'alone')}]}}}}, {{name: b, "
            f"sidecars: [{AGENT}], container: {{image: etl:1, {TO_LOOPBACK}}}}}]}}"
        ),
        "alone",
    ),
    "spark": (
        (
            f"{{image: etl:1, driver: {{{TO_LOOPBACK}, sidecars: [{AGENT}]}}, "
            f"executor: {{{TO_LOOPBACK}}}}}"
        ),
        "executor",
    ),
    "flink": (
        (
            f"{{jobManager: {{podTemplate: {pod('jobs', AGENT)}}}, "
            f"taskManager: {{podTemplate: {pod('tasks')}}}}}"
        ),
        "tasks",
    ),
}
TOGETHER = {
    "flink": f"{{podTemplate: {{spec: {{containers: [{AGENT}]}}}}, "
    f"jobManager: {{podTemplate: {pod('jobs')}}}, taskManager: {{podTemplate: {pod('tasks')}}}}}",
    "argo": f"{{templateDefaults: {{sidecars: [{AGENT}]}}, "
    f"templates: [{{name: a, container: {{image: etl:1, {TO_LOOPBACK}}}}}]}}",
    "argo's set": (
        f"{{templates: [{{name: a, sidecars: [{AGENT}], "
        f"containerSet: {{containers: [{MAIN}, {{name: b, image: etl:1}}]}}}}]}}"
    ),
    "one": f"{{template: {pod('main', AGENT)}}}",
}


@pytest.fixture
def findings(run, tmp_path):
    """Return a function that returns what `validate` says of an object with a spec."""

    def call(spec: str) -> list[dict[str, str]]:
        path = tmp_path / "etl.yaml"
        path.write_text(
            f"apiVersion: example.com/v1\nkind: Etl\nmetadata: {{name: x}}\nspec: {spec}\n"
        )
        found: list[dict[str, str]] = json.loads(run("validate", path, "--output", "json").out)[
            "findings"
        ]
        return found

    return call


@pytest.mark.parametrize("name", ALONE)
def test_an_agent_in_another_pod_does_not_count(findings, name: str) -> None:
    """Its container is named, with a fix for a kind that inject leaves as it is."""
    spec, container = ALONE[name]

    (found,) = [each for each in findings(spec) if each["id"] == LOOPBACK]

    assert found["subject"] == f"Etl x: {container}"
    assert "the kit" not in found["fix"]


@pytest.mark.parametrize("name", TOGETHER)
def test_what_pods_share_counts_for_each_and_is_named_once(findings, name: str) -> None:
    """An operator merges it into all of them."""
    found = findings(TOGETHER[name])

    assert LOOPBACK not in {each["id"] for each in found}
    assert len([each for each in found if each["id"] == "agent-without-token"]) == 1
    assert not [each for each in found if "inject --replace" in each["fix"]]


def test_a_sparks_driver_has_variables_of_its_own(findings) -> None:
    """They stand beside its resources, not beside the image."""
    spec = "{image: etl:1, driver: {env: [{name: JAEGER_DISABLED, value: 'true'}]}}"

    assert {each["subject"] for each in findings(spec)} == {"Etl x: driver"}
