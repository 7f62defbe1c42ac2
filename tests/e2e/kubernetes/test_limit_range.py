"""A namespace whose LimitRange asks for more than the kit's own requests."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from chart_objects import pod_of
from helm_charts import one, plan_of, template, written
from kubernetes_cluster import environment, namespace
from programs import find_program

from sidecar.spec.load import load

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(120)]

ENOUGH = {
    "requests": {"cpu": "60m", "memory": "128Mi"},
    "limits": {"cpu": "300m", "memory": "256Mi"},
}
LEAST = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "least"},
    "spec": {"limits": [{"type": "Container", "min": ENOUGH["requests"]}]},
}
SERVICE = {"name": "web", "image": "web:1", "kubernetes": {"resources": ENOUGH}}
GIVEN = {"kubernetes": {"resources": ENOUGH, "drainResources": ENOUGH}}


@pytest.fixture(scope="module")
def limited(cluster):
    """A namespace with the LimitRange."""
    with namespace("sidecar-limited") as space:
        space.apply(LEAST)
        yield space


@pytest.fixture(params=["chart", "inject"])
def pod(request, run, tmp_path):
    """A function from a spec's agent to a pod with it."""

    def by_chart(path):
        objects = template(written(plan_of(load([path]).spec), tmp_path / "out"))
        return pod_of(one(objects, "Deployment", "demo-web"))

    def by_inject(path):
        container = {"name": "web", "image": "web:1", "resources": ENOUGH}
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"securityContext": {"runAsUser": 1000}, "containers": [container]},
        }
        (tmp_path / "pod.yaml").write_text(yaml.safe_dump(manifest))
        result = run("inject", tmp_path / "pod.yaml", "--file", path, "--service", "web")
        return next(yaml.safe_load_all(result.out))["spec"]

    def made(agent):
        path = tmp_path / "sidecar.yaml"
        spec = {"region": "cn-shanghai", "agent": agent, "services": [SERVICE]}
        path.write_text(json.dumps(spec))
        return by_chart(path) if request.param == "chart" else by_inject(path)

    return made


def refusal(space, spec) -> str:
    """Return why the API would not admit a pod; empty where it would."""
    restricted = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for container in spec["containers"]:
        container.setdefault("securityContext", restricted)
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    words = [find_program("kubectl"), "-n", space.name, "create", "--dry-run=server", "-f", "-"]
    done = subprocess.run(
        words, input=json.dumps(manifest), capture_output=True, text=True, env=environment()
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("kind", ["jaeger-agent", "collector"])
def test_a_spec_meets_a_limit_range(limited, pod, kind: str) -> None:
    """The kit's own requests are refused; those that the spec gives are not."""
    before = refusal(limited, pod({"kind": kind}))

    assert "minimum memory usage per Container is 128Mi, but request is 64Mi" in before
    assert not refusal(limited, pod({"kind": kind, **GIVEN}))
