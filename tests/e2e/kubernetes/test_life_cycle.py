"""Install, test, upgrade, roll back, uninstall, with each Helm, under Pod Security `restricted`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from _require import lack
from helm_charts import CHART
from kubernetes_cluster import run, wait_until
from pod_states import agent_of
from programs import find_program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

REGION = "eu-central-1"
HOST = "tracing-analysis-dc-frankfurt.aliyuncs.com"
TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
OWN = {"configmap/kube-root-ca.crt", "serviceaccount/default", "secret/tracing"}
"""What a namespace has by itself, and the user's Secret."""
WAIT = ("--wait", "--timeout", "120s")


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_a_release_lives_and_leaves_nothing(
    program: str, fresh_namespace, other_agent, tmp_path
) -> None:
    """From the stand-in to a region with another agent and two backends, and back."""
    if not find_program(program):
        lack("kubernetes", f"{program} is not on PATH")
    space = fresh_namespace
    space.set_token("tracing", TOKEN)

    def helm(*arguments):
        return space.helm(*arguments, program=program)

    installed = helm("install", "demo", CHART, *WAIT)
    assert "demo-frontend, port 8080" in installed
    assert_proven(space, helm)

    version, image = other_agent
    values = ("-f", overlay(tmp_path, version), "--set", "services.backend.replicas=2")
    upgraded = helm("upgrade", "demo", CHART, *values, *WAIT)
    assert (
        f"Region {REGION}: agents report to {HOST}:1883 (native sidecars, jaeger-agent {version})"
        in upgraded
    )
    assert_in_region(space, version, image)

    helm("rollback", "demo", "1", *WAIT)
    wait_until(
        lambda: {"backend": 1, "frontend": 1, "gateway": 1} == running(space),
        90,
        "the first state is back",
    )
    assert_proven(space, helm)

    helm("uninstall", "demo", *WAIT)
    wait_until(lambda: space.objects() <= OWN, 90, "everything of the release is gone")


def overlay(folder: Path, version: str) -> Path:
    """Return the values of a region with this agent, as `sidecar render` writes them."""
    command = [sys.executable, "-m", "sidecar", "render", "--region", REGION, "--out", folder]
    run("env", f"SIDECAR_AGENT_VERSION={version}", "SIDECAR_IMAGES_SOURCE=build", *command)
    values = yaml.safe_load((folder / "values.yaml").read_text())
    assert {"version": version} == values["agent"]
    return folder / "values.yaml"


def assert_in_region(space, version: str, image: str) -> None:
    """Every pod is ready, runs that agent, and reports to the region; the stand-in is gone."""
    wait_until(
        lambda: {"backend": 2, "frontend": 1} == running(space),
        90,
        "the stand-in and the old pods are gone",
    )
    agents = {
        pod["metadata"]["name"]: agent_of(pod["spec"]["initContainers"])
        for pod in space.get("pods")
    }

    assert {image} == {agent["image"] for agent in agents.values()}
    assert all(
        f"--reporter.grpc.host-port={HOST}:1883" in agent["args"] for agent in agents.values()
    )
    for name in agents:
        assert f"git-version=v{version}" in space.kubectl("logs", name, "-c", "jaeger-agent")
    assert "service/demo-gateway" not in space.objects()


def assert_proven(space, helm) -> None:
    """`helm test` reads a trace back, sees the token's tag, succeeds, and removes its pod."""
    asks_for_logs = f"helm test demo -n {space.name} --logs" in helm("get", "notes", "demo")
    result = helm("test", "demo", "--timeout", "120s", *(["--logs"] if asks_for_logs else []))

    assert "Succeeded" in result
    assert asks_for_logs == ("proven: every marked span arrived" in result)
    assert [] == space.get("pods", "-l", "app.kubernetes.io/component=delivery-test")


def running(space) -> dict[str, int]:
    """Return component → its pods, where every pod is ready and stays; else nothing."""
    found: dict[str, int] = {}
    for pod in space.get("pods"):
        ready = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}.get(
            "Ready"
        )
        if ready != "True" or "deletionTimestamp" in pod["metadata"]:
            return {}
        component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
        found[component] = found.get(component, 0) + 1
    return found


def test_a_user_of_one_namespace_suffices(fresh_namespace) -> None:
    """With the cluster's own role `edit` in the namespace, and no right outside it."""
    space = fresh_namespace
    space.kubectl("create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer")
    space.set_token("tracing", TOKEN)

    user = ("--kube-as-user", "developer")
    space.helm("install", "demo", CHART, "--set", "existingSecret=tracing", *user, *WAIT)
    space.helm("test", "demo", *user, "--timeout", "120s")
    space.helm("uninstall", "demo", *user, *WAIT)
