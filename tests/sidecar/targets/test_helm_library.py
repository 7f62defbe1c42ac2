"""Library use: the example chart that takes only the agent."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import kubernetes_validate
import pytest
from helm_charts import CHART, KUBERNETES, one, plan_of, run_helm, template

from sidecar.spec import Spec
from sidecar.targets import helm
from sidecar.targets.helm import checks

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = CHART.parent / "docs" / "examples" / "foreign-chart"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """The example with its dependency built, in a copy that has the chart at the same place."""
    root = tmp_path_factory.mktemp("foreign")
    copy = root / "docs" / "examples" / "foreign-chart"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    shutil.copytree(CHART, root / "helm")
    done = run_helm("dependency", "build", copy)
    assert done.returncode == 0, done.stderr
    return copy


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_a_foreign_chart_gets_the_agent_and_nothing_else(foreign: Path, kubernetes: str) -> None:
    """One Deployment of its own; native from 1.29; the API knows every field."""
    (deployment,) = template(foreign, kubernetes=kubernetes, release="shop")
    pod = checks.pod_of(deployment)
    native = [each["name"] for each in pod.get("initContainers", [])]

    kubernetes_validate.validate(deployment, kubernetes.removesuffix(".0"), strict=True)
    assert (["jaeger-agent"] if kubernetes >= "1.29" else []) == native
    assert "jaeger-agent" in native + [each["name"] for each in pod["containers"]]


def test_the_agent_is_the_one_of_the_chart(foreign: Path, tmp_path) -> None:
    """The same container, to the region and the Secret that the parent names."""
    overlay = tmp_path / "values.yaml"
    overlay.write_text(helm.render(plan_of(Spec("eu-central-1")))["values.yaml"])
    own = checks.pod_of(one(template(CHART, "-f", overlay), "Deployment", "demo-backend"))
    theirs = checks.pod_of(one(template(foreign, release="shop"), "Deployment", "shop-shop"))

    assert own["initContainers"] == theirs["initContainers"]
    assert own["volumes"][0] == theirs["volumes"][0]
    assert {"JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"} <= {
        each["name"] for each in theirs["containers"][0]["env"]
    }


def test_a_platform_team_finds_labels_only(foreign: Path) -> None:
    """Labels are the foreign chart's own; all else of the pod is in order."""
    findings = checks.check_objects(template(foreign, release="shop"))

    assert {"metadata.labels"} == {finding.place for finding in findings}
