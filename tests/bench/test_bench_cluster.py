"""Where the case on Kubernetes runs: chosen by what answers."""

from pathlib import Path

import pytest
from fake_kubectl import put_on_path

from bench import cluster
from bench.measure import Skipped

IMAGES = ("kit/gateway:1", "kit/collector:1")


def node(*names):
    """Return nodes as a cluster lists them; one of their images has lost its names."""
    images = [{"names": [name], "sizeBytes": 1} for name in names]
    return {"items": [{"status": {"images": [{"names": None, "sizeBytes": 1}, *images]}}]}


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl and a helm on PATH."""
    found = put_on_path(tmp_path, monkeypatch)
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh")
    helm.chmod(0o755)
    return found


def test_without_kubectl_or_helm_the_case_is_skipped(monkeypatch, tmp_path):
    """The message names both, and how to enable it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Skipped, match="no kubectl and no helm on PATH; to enable: set KUBECONFIG"):
        cluster.find_cluster(IMAGES)


def test_without_a_cluster_that_answers_the_case_is_skipped(kubectl):
    """With kubectl's own cause."""
    kubectl.answer("get nodes", err="The connection to the server localhost:8080 was refused")

    with pytest.raises(Skipped, match="to enable"):
        cluster.find_cluster(IMAGES)


def test_an_image_that_no_node_has_is_named(kubectl):
    """A node names images with their registry."""
    kubectl.answer("get nodes", node("docker.io/kit/gateway:1", "docker.io/kit/collector:2"))

    with pytest.raises(Skipped, match="no image kit/collector:1 in the cluster"):
        cluster.find_cluster(IMAGES)


def test_a_cluster_with_all_images_is_taken(kubectl):
    """Nothing is raised."""
    kubectl.answer("get nodes", node("docker.io/kit/gateway:1", "kit/collector:1"))

    cluster.find_cluster(IMAGES)


def test_the_service_of_the_case_is_a_program_by_itself():
    """Its text is given to Python in a pod, whose image holds no bench."""
    text = Path(cluster.__file__).with_name("pod_service.py").read_text()

    compile(text, "pod_service", "exec")
    assert "from bench" not in text
