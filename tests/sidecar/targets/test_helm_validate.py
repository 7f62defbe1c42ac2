"""`sidecar validate --target helm`: the chart as helm and the API's schemas see it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helm_charts import plan_of

from sidecar.findings import Severity
from sidecar.spec import Spec
from sidecar.targets import helm
from sidecar.targets.helm import validate

RENDERING = helm.render(plan_of(Spec("eu-central-1")))


@pytest.mark.usefixtures("helm_on_path")
@pytest.mark.parametrize("region", ["local", "eu-central-1"])
def test_a_chart_of_the_kits_is_valid(region: str, run, tmp_path, monkeypatch) -> None:
    """Lint, eight versions of Kubernetes, Pod Security: nothing found."""
    monkeypatch.chdir(tmp_path)
    result = run("validate", "--region", region, "--target", "helm", "--output", "json")

    assert (0, {"ok": True, "findings": []}) == (result.code, json.loads(result.out)), result.err


@pytest.mark.usefixtures("helm_on_path")
def test_what_the_chart_has_not_of_a_spec_is_a_warning(run, tmp_path, monkeypatch) -> None:
    """And nothing is said of Compose's token file."""
    monkeypatch.chdir(tmp_path)
    Path("web.env").write_text("A=1\n")
    service = "{name: web, image: 'web:1', env_files: [web.env], resources: {memory: 64m}}"
    Path("sidecar.yaml").write_text(f"region: eu-central-1\nservices: [{service}]\n")
    run("render", "--file", "sidecar.yaml")
    result = run("validate", "--file", "sidecar.yaml", "--target", "helm")

    assert (0, "") == (result.code, result.err)
    first, root, *rest = result.out.splitlines()
    assert "warning: services.web: env_files (../../web.env) stay on the host. Use envFrom" == first
    assert "warning: containers.web: Deployment validate-web: may write to its root" in root
    assert ["eu-central-1 (tracing-analysis-dc-frankfurt.aliyuncs.com:1883): valid"] == rest


def with_template(text: str) -> dict[str, str]:
    """Return the chart with one more template."""
    return {**RENDERING, "helm/templates/mine.yaml": text}


@pytest.mark.usefixtures("helm_on_path")
def test_a_field_that_the_api_does_not_know_is_found() -> None:
    """For each Kubernetes, with the object and what is wrong; an operator's kinds are not the API's."""
    labels = "{app.kubernetes.io/name: x}"
    text = f"apiVersion: v1\nkind: Service\nmetadata: {{name: mine, labels: {labels}}}\nspec: {{colour: red}}\n"
    operators = f"apiVersion: monitoring.coreos.com/v1\nkind: Any\nmetadata: {{name: any, labels: {labels}}}\n"
    findings = validate.check_chart(with_template(f"{text}---\n{operators}"))

    causes = [
        finding.cause
        for finding in findings
        if finding.subject == "Service mine" and "colour" in finding.cause
    ]
    assert [f"Kubernetes {version}:" for version in validate.KUBERNETES] == [
        cause.partition(": ")[0] + ":" for cause in causes
    ]
    assert "lacks app.kubernetes.io/instance" in [finding.cause for finding in findings]


@pytest.mark.usefixtures("helm_on_path")
def test_a_chart_that_helm_cannot_render_is_found() -> None:
    """By lint and for each Kubernetes, with helm's own words."""
    findings = validate.check_chart(with_template('{{ include "no.such.template" . }}'))

    assert ["lint", *(f"template, Kubernetes {version}" for version in validate.KUBERNETES)] == [
        finding.place for finding in findings
    ]
    assert all("no.such.template" in finding.cause for finding in findings)


def test_without_helm_a_warning_says_so(monkeypatch) -> None:
    """Nothing else can be told."""
    monkeypatch.setenv("PATH", "/nonexistent")
    (finding,) = validate.check_chart(RENDERING)

    assert (Severity.WARNING, "not asked: helm is not installed") == (
        finding.severity,
        finding.cause,
    )


@pytest.mark.usefixtures("helm_on_path")
def test_without_schemas_a_warning_says_so(monkeypatch) -> None:
    """Once, and the rest is checked."""
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    (finding,) = validate.check_chart(RENDERING)

    assert "not checked: kubernetes-validate is not installed" == finding.cause
