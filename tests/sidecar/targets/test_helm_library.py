"""The library chart: vendored, its values a part of the chart's, and used by the example chart."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import jsonschema
import kubernetes_validate
import pytest
import yaml
from chart_objects import LABELS, pod_of, problems_of
from helm_charts import (
    CHART,
    KUBERNETES,
    LIBRARY,
    one,
    plan_of,
    refusal,
    run_helm,
    template,
    without_output,
)

from sidecar.spec import Spec
from sidecar.targets import helm

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = CHART.parent / "docs" / "examples" / "foreign-chart"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory) -> Path:
    """The example with its dependency built, in a copy that has the chart at the same path."""
    root = tmp_path_factory.mktemp("foreign")
    copy = root / "docs" / "examples" / "foreign-chart"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    shutil.copytree(CHART, root / "helm")
    done = run_helm("dependency", "build", copy)
    assert done.returncode == 0, done.stderr
    return copy


@pytest.mark.parametrize("name", ["helm", "helm4"])
def test_the_chart_needs_no_dependency_build(name: str) -> None:
    """Helm 3 and 4 find the library in charts/, at the version that Chart.yaml asks for."""
    done = run_helm("dependency", "list", CHART, name=name)
    header, library, *rest = done.stdout.splitlines()

    assert "NAME VERSION REPOSITORY STATUS" == " ".join(header.split())
    assert ["sidecar-agent", chart_of(CHART)["version"], "unpacked"] == library.split()
    assert [""] == rest
    assert "" == done.stderr


@pytest.mark.parametrize("name", ["helm", "helm4"])
@pytest.mark.parametrize("chart", [CHART, LIBRARY], ids=["chart", "library"])
def test_both_charts_pass_lint(name: str, chart: Path) -> None:
    """`helm lint --strict` of Helm 3 and 4."""
    done = run_helm("lint", "--strict", chart, name=name)

    assert 0 == done.returncode, done.stdout


def test_helm_4_renders_what_helm_3_does() -> None:
    """The same objects, in one order, but for how Helm 3 prints a test's output."""
    arguments = ("template", "demo", CHART, "--kube-version", "1.34.0")
    helm_3, helm_4 = (run_helm(*arguments, name=name).stdout for name in ("helm", "helm4"))

    assert "hook-output" not in helm_4
    assert list(yaml.safe_load_all(without_output(helm_3))) == list(yaml.safe_load_all(helm_4))


def test_the_library_is_not_installable() -> None:
    """`type: library`: Helm renders none of its files by themselves."""
    done = run_helm("template", "demo", LIBRARY)

    assert "library charts are not installable" in done.stderr
    assert "library" == chart_of(LIBRARY)["type"]


def test_the_versions_are_one() -> None:
    """Of the chart, its dependency and the library."""
    chart, library = chart_of(CHART), chart_of(LIBRARY)

    assert [library["version"]] == [each["version"] for each in chart["dependencies"]]
    assert chart["version"] == library["version"]


def test_the_librarys_schema_accepts_its_values() -> None:
    """Closed, and every key is explained in its README."""
    schema = json.loads((LIBRARY / "values.schema.json").read_text())
    readme = (LIBRARY / "README.md").read_text()
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((LIBRARY / "values.yaml").read_text()), schema)

    assert schema["additionalProperties"] is False
    assert [] == [
        key for key in schema["properties"] if f"`{key}" not in readme and key != "enabled"
    ]


def test_the_library_reads_no_value_of_only_its_parent() -> None:
    """Each key that its templates read is one of its own."""
    schema = json.loads((LIBRARY / "values.schema.json").read_text())
    texts = [path.read_text() for path in (LIBRARY / "templates").iterdir()]
    read = {
        word.partition(".Values.")[2].partition(".")[0].strip(")}")
        for text in texts
        for word in text.split()
        if ".Values." in word
    }

    assert set() == read - set(schema["properties"])


def test_a_rendering_holds_the_library_of_its_region() -> None:
    """In your chart, the region's gateway and the Secret are then its defaults."""
    rendered = helm.render(plan_of(Spec("eu-central-1")))
    values = yaml.safe_load(rendered["helm/charts/sidecar-agent/values.yaml"])

    assert "tracing-analysis-dc-frankfurt.aliyuncs.com" == values["gateway"]["host"]
    assert "tracing" == values["existingSecret"]


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_a_foreign_chart_gets_the_agent_and_nothing_else(foreign: Path, kubernetes: str) -> None:
    """One Deployment of its own; native from 1.29; the API knows every field."""
    (deployment,) = template(foreign, kubernetes=kubernetes, release="shop")
    pod = pod_of(deployment)
    native = [each["name"] for each in pod.get("initContainers", [])]

    kubernetes_validate.validate(deployment, kubernetes.removesuffix(".0"), strict=True)
    assert (["jaeger-agent"] if kubernetes >= "1.29" else []) == native
    assert "jaeger-agent" in native + [each["name"] for each in pod["containers"]]


def test_the_agent_is_the_one_of_the_chart(foreign: Path, tmp_path) -> None:
    """The same container, to the region and the Secret that the parent names."""
    overlay = tmp_path / "values.yaml"
    overlay.write_text(helm.render(plan_of(Spec("eu-central-1")))["values.yaml"])
    own = pod_of(one(template(CHART, "-f", overlay), "Deployment", "demo-backend"))
    theirs = pod_of(one(template(foreign, release="shop"), "Deployment", "shop-shop"))

    assert own["initContainers"] == theirs["initContainers"]
    assert own["volumes"][0] == theirs["volumes"][0]
    assert {"JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT"} <= {
        each["name"] for each in theirs["containers"][0]["env"]
    }


def test_a_platform_team_finds_labels_only(foreign: Path) -> None:
    """Labels are the foreign chart's own; all else of the pod is in order."""
    problems = problems_of(template(foreign, release="shop"))

    assert [f"Deployment shop-shop: lacks app.kubernetes.io/{name}" for name in LABELS] == problems


@pytest.mark.parametrize(
    ("sets", "cause"),
    [
        ("sidecar-agent.gateway.host=", "sidecar-agent.gateway.host: is empty. Name the region's"),
        ("sidecar-agent.existingSecret=", "sidecar-agent.existingSecret: is empty. Name a Secret"),
        ("sidecar-agent.agent.version=1.0.0", "agent.version: 1.0.0 is not a jaeger-agent version"),
        ("sidecar-agent.colour=red", "'colour' not allowed"),
    ],
)
def test_the_library_refuses_what_its_parent_lacks(foreign: Path, sets: str, cause: str) -> None:
    """It has no stand-in to fall back on; unknown keys are refused as in the chart."""
    assert cause in refusal("--set", sets, chart=foreign)


def test_a_parent_sets_the_librarys_values(foreign: Path) -> None:
    """Also its admin port, its image's tag and the registry of its images."""
    sets = (
        "sidecar-agent.metrics.enabled=true,sidecar-agent.agent.version=1.61.0,"
        "global.imageRegistry=mirror.example.com"
    )
    (deployment,) = template(foreign, "--set", sets, release="shop")
    (agent,) = pod_of(deployment)["initContainers"]

    assert "mirror.example.com/jaegertracing/jaeger-agent:1.61.0" == agent["image"]
    assert "--admin.http.host-port=[$(POD_IP)]:14271" in agent["args"]


def chart_of(folder: Path):
    """Return a chart's description of itself."""
    return yaml.safe_load((folder / "Chart.yaml").read_text())
