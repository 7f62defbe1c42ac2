"""`sidecar verify --pre` from a short-lived pod of a real cluster, under `restricted`."""

from __future__ import annotations

import json

import pytest
from kubernetes_cluster import namespace

from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]


def test_a_pod_looks_at_the_gateway_and_leaves_nothing(cluster_images, tmp_path):
    """Rights pass, the unresolved name is named from inside the cluster, the pod is gone."""
    regions = tmp_path / "regions.yaml"
    regions.write_text("regions: [{id: xx-test-1, name: Test, public: gateway.invalid}]\n")
    with namespace("sidecar-preflight") as space:
        done = space.sidecar(
            *("verify", "--pre", "--target", "kubernetes", "--region", "xx-test-1"),
            *("--regions", regions, "--image", official().gateway.name, "--output", "json"),
            *("--only", "gateway", "--only", "cluster"),
        )
        left = space.get("pods")
    found = {result["check"]: result for result in json.loads(done.stdout)["checks"]}

    assert 1 == done.returncode, done.stderr
    assert ("a short-lived pod", "ok") == (
        found["agent-place"]["subject"],
        found["agent-place"]["severity"],
    )
    assert "gateway-name-unresolved" == found["gateway-name"]["id"]
    assert "ok" == found["cluster-rights"]["severity"] == found["kubectl"]["severity"]
    assert [] == [
        pod["metadata"]["name"] for pod in left if "deletionTimestamp" not in pod["metadata"]
    ]


def test_its_pod_is_given_what_the_spec_gives_the_agents(cluster_images, tmp_path):
    """So that a LimitRange, which asks for more than a small pod has, admits it, too."""
    amounts = {"cpu": "50m", "memory": "200Mi"}
    least = {"limits": [{"type": "Container", "min": amounts}]}
    given = {"requests": amounts, "limits": {"memory": "256Mi"}}
    spec = {"region": "cn-shanghai", "agent": {"kubernetes": {"resources": given}}}
    (tmp_path / "sidecar.yaml").write_text(json.dumps(spec))
    with namespace("sidecar-preflight") as space:
        space.apply(
            {
                "apiVersion": "v1",
                "kind": "LimitRange",
                "metadata": {"name": "least"},
                "spec": least,
            }
        )
        done = space.sidecar(
            *("verify", "--pre", "--target", "kubernetes", "--file", tmp_path / "sidecar.yaml"),
            *("--image", official().gateway.name, "--output", "json", "--only", "gateway"),
        )
    found = {result["check"]: result for result in json.loads(done.stdout)["checks"]}

    assert "skipped" != found["gateway-name"]["severity"], done.stdout
