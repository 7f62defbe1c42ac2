"""`sidecar validate --target helm`: the chart as helm and the API's schemas see it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helm_charts import plan_of

from sidecar.checks.charts import KUBERNETES, check_rendering, weaknesses
from sidecar.spec import AgentSettings, Service, Spec
from sidecar.targets import helm

RENDERING = helm.render(plan_of(Spec("eu-central-1")))


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize("region", ["local", "eu-central-1"])
def test_a_chart_of_the_kits_is_valid(region: str, run, tmp_path, monkeypatch) -> None:
    """Lint and eight versions of Kubernetes: nothing found."""
    monkeypatch.chdir(tmp_path)
    result = run("validate", "--region", region, "--target", "helm", "--output", "json")

    assert (0, []) == (result.code, json.loads(result.out)["findings"]), result.err


@pytest.mark.usefixtures("helm_on_path")
def test_what_the_chart_lacks_of_a_spec_is_a_warning(run, tmp_path, monkeypatch) -> None:
    """With its rule; Compose's token file is not the chart's concern."""
    monkeypatch.chdir(tmp_path)
    Path("web.env").write_text("A=1\n")
    service = "{name: web, image: 'web:1', env_files: [web.env], resources: {memory: 64m}}"
    Path("sidecar.yaml").write_text(f"region: eu-central-1\nservices: [{service}]\n")
    run("render", "--file", "sidecar.yaml")
    result = run("validate", "--file", "sidecar.yaml", "--target", "helm")

    assert (0, "") == (result.code, result.err)
    files, root, *rest = result.out.splitlines()
    assert (
        "warning: sidecar.yaml:2: services.web: env_files (../../web.env) stay on the host. "
        "Use kubernetes.envFrom" in files
    )
    assert "chart-without-env-files" in files
    assert "warning: sidecar.yaml:2: services.web: may write to its root file system" in root
    assert "writable-root" in root
    assert ["eu-central-1 (tracing-analysis-dc-frankfurt.aliyuncs.com:1883): valid"] == rest


def test_an_agent_that_cannot_listen_on_loopback_is_a_warning() -> None:
    """Once, however many services have it."""
    services = (Service("web", "web:1"), Service("api", "api:1"))
    old, known = (
        [each.id for each in weaknesses(plan_of(Spec("local", agent=agent, services=services)))]
        for agent in (AgentSettings(version="1.17.9"), AgentSettings(version="1.18.0"))
    )

    assert ["writable-root", "writable-root", "admin-port-open"] == old
    assert ["writable-root", "writable-root"] == known


def with_template(text: str) -> dict[str, str]:
    """Return the chart with one more template."""
    return {**RENDERING, "helm/templates/mine.yaml": text}


@pytest.mark.usefixtures("helm_on_path")
def test_a_field_that_the_api_does_not_know_is_found() -> None:
    """Once, with the versions, the object and its cause; an operator's kinds are not the API's."""
    text = """
apiVersion: v1
kind: Service
metadata: {name: mine}
spec: {colour: red}
---
apiVersion: monitoring.coreos.com/v1
kind: Any
metadata: {name: any}
"""
    findings = check_rendering(with_template(text))

    assert {("Service mine", "api-schema-violated")} == {
        (finding.subject, finding.id) for finding in findings
    }
    assert [f"Kubernetes {KUBERNETES[0]} to {KUBERNETES[-1]}: spec: "] == [
        finding.cause.partition("Additional")[0] for finding in findings
    ]
    assert all("colour" in finding.cause for finding in findings)


@pytest.mark.usefixtures("helm_on_path")
def test_a_chart_that_helm_cannot_render_is_found() -> None:
    """By lint, with helm's own words; each Kubernetes would say the same again."""
    findings = check_rendering(with_template('{{ include "no.such.template" . }}'))

    assert [("helm lint", "helm-refuses-chart")] == [(each.subject, each.id) for each in findings]
    assert all("no.such.template" in finding.cause for finding in findings)


@pytest.mark.usefixtures("helm_on_path")
def test_what_only_some_versions_refuse_is_found_with_these() -> None:
    """Lint asks for the newest alone."""
    old = 'semverCompare "<1.29.0" .Capabilities.KubeVersion.Version'
    text = f'{{{{ if {old} }}}}{{{{ fail "old" }}}}{{{{ end }}}}'
    (found,) = check_rendering(with_template(text))

    assert "helm template, Kubernetes 1.27.0 to 1.28.0" == found.subject


@pytest.mark.usefixtures("helm_on_path")
def test_what_is_in_a_list_is_found_by_its_name() -> None:
    """Its number differs with a native agent."""
    text = """
apiVersion: v1
kind: Pod
metadata: {name: mine}
spec: {containers: [{name: agent, image: a}, {name: web, image: b, livenessProb: {}}]}
"""
    (found,) = check_rendering(with_template(text))

    assert "spec.containers[web]: " in found.cause


def test_without_helm_a_warning_says_so(monkeypatch) -> None:
    """And nothing else is checked."""
    monkeypatch.setenv("PATH", "/nonexistent")
    (finding,) = check_rendering(RENDERING)

    assert ("helm-not-installed", "helm") == (finding.id, finding.subject)


@pytest.mark.usefixtures("helm_on_path")
def test_without_schemas_a_warning_says_so(monkeypatch) -> None:
    """Once, and the rest is checked."""
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    (finding,) = check_rendering(RENDERING)

    assert "api-schemas-not-installed" == finding.id


SERVICE = """
region: cn-shanghai
services:
  - name: web
    image: web:1
    read_only_root: true
    resources: {memory: 64m}
    kubernetes:
      KEY
"""


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize(
    ("key", "line", "rule"),
    [
        ("volumeMounts: [{name: data, mountPath: /data}]", 3, "api-value-refused"),
        ("lifecycle: {preStop: {sleep: {seconds: 5}}}", 3, "newer-api-needed"),
        ("autoscaling: {minReplicas: 2}", 8, "helm-refuses-chart"),
        ("container: {image: x}", 8, "helm-refuses-chart"),
        ("podDisruptionBudget: {}", 8, "helm-refuses-chart"),
        ("autoscaling: {}", 8, "helm-refuses-chart"),
    ],
)
def test_what_a_cluster_refuses_has_its_line(run, tmp_path, key, line, rule) -> None:
    """Of the setting where Helm names it, else of the service; newer fields are no error."""
    path = tmp_path / "sidecar.yaml"
    path.write_text(SERVICE.lstrip().replace("KEY", key))
    result = run("validate", "--file", path, "--target", "helm", "--output", "json")

    (found,) = json.loads(result.out)["findings"]
    assert (found["place"], found["id"]) == (f"{path}:{line}", rule)
    assert result.code == (0 if rule == "newer-api-needed" else 1)


@pytest.mark.usefixtures("helm_on_path")
def test_a_constraint_that_spreads_nothing_is_a_warning(run, tmp_path) -> None:
    """Once, at its service, with the label that differs."""
    path = tmp_path / "sidecar.yaml"
    constraint = "{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, "
    key = f"topologySpreadConstraints: [{constraint}labelSelector: {{matchLabels: {{app: web}}}}}}]"
    path.write_text(SERVICE.lstrip().replace("KEY", key))
    result = run("validate", "--file", path, "--target", "helm", "--output", "json")

    (found,) = json.loads(result.out)["findings"]
    assert 0 == result.code
    assert (found["place"], found["id"]) == (f"{path}:3", "selector-without-own-pods")
    assert "their label app is missing" in found["cause"]


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize(
    ("key", "causes"),
    [
        (
            "{autoscaling: {minReplicas: a, maxReplicas: 0, target: 5}, service: {type: None}}",
            [
                "services.web.autoscaling.minReplicas: got string, want integer",
                "services.web.autoscaling.maxReplicas: minimum: got 0, want 1",
                "services.web.autoscaling: additional properties 'target' not allowed",
                "services.web.service: additional properties 'type' not allowed",
            ],
        ),
        (
            "{pod: {containers: []}}",
            ["services.web.pod.containers: the chart decides it. Use kubernetes.containers"],
        ),
        (
            "{container: {ports: []}}",
            ["services.web.container.ports: the chart decides it. Use ports"],
        ),
        (
            "{containers: [{name: web}]}",
            ["services.web.kubernetes.containers: the pod has a container web. Rename yours"],
        ),
    ],
)
def test_each_refused_value_is_said_in_the_words_of_a_spec(run, tmp_path, key, causes) -> None:
    """All of them, and nothing of where in the chart the message was made."""
    path = tmp_path / "sidecar.yaml"
    path.write_text(SERVICE.lstrip().replace("\n      KEY", f" {key}"))
    result = run("validate", "--file", path, "--target", "helm", "--output", "json")

    assert sorted(causes) == sorted(each["cause"] for each in json.loads(result.out)["findings"])
