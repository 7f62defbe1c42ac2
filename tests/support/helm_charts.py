"""Charts as data: rendered by helm, without a cluster."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from _require import lack
from programs import find_program

from sidecar.checkout import find_checkout
from sidecar.plan import make_plan
from sidecar.regions import load_regions
from sidecar.targets import helm

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.spec import Spec

KUBERNETES = tuple(f"1.{minor}.0" for minor in range(27, 35))
CHART = find_checkout() / "helm"
LIBRARY = CHART / "charts" / "sidecar-agent"
CI = sorted((CHART / "ci").glob("*-values.yaml"))

Object = dict[str, Any]


@functools.cache
def program(name: str = "helm") -> str:
    """Return a program's path; the test is skipped where it is not installed."""
    return find_program(name) or lack("kubernetes", f"{name} is not on PATH")


@pytest.fixture
def helm_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the code under test find helm where the tests find it; skip the test where it is not."""
    monkeypatch.setenv("PATH", str(Path(program()).parent), prepend=":")


def run_helm(*arguments: object, name: str = "helm") -> subprocess.CompletedProcess[str]:
    """Run helm; nothing of a cluster or of the caller's settings reaches it."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("KUBE", "HELM"))
    }
    command = [program(name), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env=clean, timeout=60, check=False
    )


def without_output(rendered: str) -> str:
    """Return manifests without what only Helm 3 gets: that it prints a test's output."""
    return "".join(
        line for line in rendered.splitlines(keepends=True) if "hook-output-log-policy" not in line
    )


def template(
    chart: Path, *arguments: object, kubernetes: str = "1.34.0", release: str = "demo"
) -> list[Object]:
    """Return the chart's objects as `helm template` renders them."""
    done = run_helm("template", release, chart, "--kube-version", kubernetes, *arguments)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def refusal(
    *arguments: object, kubernetes: str = "1.34.0", release: str = "demo", chart: Path = CHART
) -> str:
    """Return why helm refuses to render the chart, on one line."""
    done = run_helm("template", release, chart, "--kube-version", kubernetes, *arguments)
    assert done.returncode == 1
    return re.sub(r"\s+", " ", done.stderr)


def plan_of(spec: Spec, source: str | None = None) -> Plan:
    """Return a plan of the shipped catalogue."""
    return make_plan(spec, load_regions()[spec.region], source)


def written(plan: Plan, folder: Path) -> Path:
    """Write the Helm target's files into a folder and return the chart's own."""
    for name, text in helm.render(plan).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "helm"


def one(objects: list[Object], kind: str, name: str) -> Object:
    """Return the one object of a kind and name."""
    (found,) = [
        each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)
    ]
    return found
