"""What these tests run on: a cluster, both Helms, the kit's images in the cluster's store."""

from __future__ import annotations

import subprocess

import pytest
from _require import lack
from kubernetes_cluster import environment, find, load, loader, namespace, run

from sidecar.images.names import official


@pytest.fixture(scope="session")
def cluster():
    """A cluster that answers, with kubectl and helm."""
    for name in ("kubectl", "helm"):
        if not find(name):
            lack("kubernetes", f"{name} is not on PATH")
    if not environment().get("KUBECONFIG"):
        lack("kubernetes", "KUBECONFIG is not set")
    try:
        run(find("kubectl"), "get", "--raw", "/readyz", seconds=10)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        lack("kubernetes", f"the cluster does not answer: {str(error)[:200]}")
    return environment()["KUBECONFIG"]


@pytest.fixture(scope="session")
def cluster_images(cluster, images):
    """The kit's images in the cluster: role in the chart's values → name."""
    command = loader()
    if command is None:
        lack("kubernetes", "images cannot be loaded; set E2E_KUBERNETES_LOAD to a command that reads `docker save`")
    lines = (images / ".env").read_text().splitlines()
    chosen = dict(line.split("=", 1) for line in lines if "=" in line)
    wanted = {one.role: chosen.get(one.variable, one.name) for one in official() if one.role != "base"}
    load(sorted(wanted.values()), command)
    return wanted


@pytest.fixture
def fresh_namespace(cluster_images):
    """A namespace for one test."""
    with namespace("sidecar", cluster_images) as space:
        yield space
