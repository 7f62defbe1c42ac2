"""inject in the middle of a pipeline, word by word as docs/inject-manifests.md has it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from _require import lack
from kubernetes_cluster import RESTRICTED, environment
from programs import find_program

from sidecar.checkout import find_checkout
from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(200)]

DOCS = (find_checkout() or Path()) / "docs"
PAGE = (DOCS / "inject-manifests.md").read_text("utf-8")
DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: pipe-web}}
spec:
  selector: {{matchLabels: {{app: pipe-web}}}}
  template:
    metadata: {{labels: {{app: pipe-web}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: {official().sample.name}
        command: [python, -c, "import time; time.sleep(1e6)"]
        securityContext: {json.dumps(RESTRICTED)}
"""


def _blocks(heading):
    """Return the code below a heading of the page, by language."""
    section = PAGE.partition(f"### {heading}\n")[2].partition("\n##")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


@pytest.fixture
def shell(release, tmp_path):
    """Run a line in a folder with a chart, a kustomization, and the cluster's namespace."""
    _programs(tmp_path / "bin", "helm")
    chart = tmp_path / "chart" / "templates"
    chart.mkdir(parents=True)
    (chart / "web.yaml").write_text(DEPLOYMENT)
    (chart.parent / "Chart.yaml").write_text("{apiVersion: v2, name: shop, version: 1.0.0}\n")
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\n")
    config = release.kubectl("config", "view", "--raw", "--flatten", "-o", "json")
    data = json.loads(config)
    for one in data["contexts"]:
        one["context"]["namespace"] = release.name
    (tmp_path / "kubeconfig").write_text(json.dumps(data))
    settings = {
        **environment(),
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "HELM_DATA_HOME": str(tmp_path / "data"),
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }

    def run(line, helm="helm"):
        _programs(tmp_path / "bin", helm)
        command = ["bash", "-c", f"set -o pipefail; {line}"]
        options = {"cwd": tmp_path, "env": settings, "text": True, "timeout": 150}
        done = subprocess.run(command, capture_output=True, check=False, **options)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    yield run
    release.kubectl("delete", "deployment", "pipe-web", "--ignore-not-found", "--wait=false")


def _programs(folder, helm):
    """Put the programs that the page calls into a folder: the kit's agents are built ones."""
    folder.mkdir(exist_ok=True)
    found = {"kubectl": find_program("kubectl"), "helm": find_program(helm)}
    words = {name: shlex.quote(str(path)) for name, path in found.items()}
    words["kustomize"] = f"[ $1 = build ] && shift && exec {words['kubectl']} kustomize"
    words["sidecar"] = f"{shlex.quote(sys.executable)} -m sidecar"
    for name, command in words.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexport SIDECAR_IMAGES_SOURCE=build\n{command} "$@"\n')
        program.chmod(0o755)


def _agents(release):
    """Return the init containers of the Deployment in the cluster, once its pods are ready."""
    release.kubectl("rollout", "status", "deployment/pipe-web", "--timeout=100s")
    found = json.loads(release.kubectl("get", "deployment", "pipe-web", "-o", "json"))
    return [one["name"] for one in found["spec"]["template"]["spec"].get("initContainers", ())]


def test_kubectl_and_kustomize_pipe_through_inject(release, shell) -> None:
    """What the cluster has gets its agent; so does what Kustomize builds, from the start."""
    lines = dict(_blocks("kubectl and Kustomize"))["sh"].splitlines()
    get, build = lines
    shell("kubectl apply -f web.yaml")
    before = _agents(release)
    shell(get.replace("get deploy", "get deploy pipe-web"))  # others share the namespace
    piped = _agents(release)
    shell("kubectl delete deployment pipe-web")
    shell(build)

    assert [] == before
    assert ["jaeger-agent"] == piped
    assert ["jaeger-agent"] == _agents(release)


def test_helm_3_renders_through_inject(release, shell, tmp_path) -> None:
    """A program is its post-renderer; an upgrade keeps the agent."""
    (_, program), (_, install) = _blocks("Helm 3")
    (tmp_path / "trace.sh").write_text(program)
    (tmp_path / "trace.sh").chmod(0o755)
    shell(install)
    shell(install)
    agents = _agents(release)
    shell("helm uninstall shop")

    assert ["jaeger-agent"] == agents


def test_helm_4_renders_through_inject(release, shell, tmp_path) -> None:
    """A plugin is its post-renderer; an upgrade keeps the agent."""
    if not find_program("helm4"):
        lack("kubernetes", "helm4 is not on PATH")
    (_, plugin), (_, lines) = _blocks("Helm 4")
    (tmp_path / "trace").mkdir()
    (tmp_path / "trace" / "plugin.yaml").write_text(plugin)
    add, install = lines.splitlines()
    shell(add, "helm4")
    shell(install, "helm4")
    shell(install, "helm4")
    agents = _agents(release)
    shell("helm uninstall shop", "helm4")

    assert ["jaeger-agent"] == agents


def test_the_command_of_argo_cd_renders_with_agents(shell) -> None:
    """As its repository server calls it: in the application's folder, standard output counts."""
    example = yaml.safe_load_all((DOCS / "examples" / "argo-cd.yaml").read_text())
    plugin = yaml.safe_load(next(example)["data"]["plugin.yaml"])
    generate = plugin["spec"]["generate"]
    printed = shell(shlex.join([*generate["command"], *generate["args"]]))
    pod = yaml.safe_load(printed)["spec"]["template"]["spec"]

    assert ["jaeger-agent"] == [one["name"] for one in pod["initContainers"]]
