"""What these tests run on: a cluster, both Helms, the kit's images in the cluster's store."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from _require import lack
from canary_release import CANARY, OPTIONS, WAIT, install, with_collectors
from helm_charts import CHART
from kubernetes_cluster import environment, into_cluster, namespace, run
from programs import find_program

from sidecar.image_names import COLLECTOR_VARIABLE, built_agent, collector, official
from sidecar.rules.collectors import DEFAULT_VERSION

OTHER_AGENT = "1.61.0"


@pytest.fixture(scope="session")
def cluster():
    """A cluster that answers, with kubectl and helm."""
    for name in ("kubectl", "helm"):
        if not find_program(name):
            lack("kubernetes", f"{name} is not on PATH")
    if not environment().get("KUBECONFIG"):
        lack("kubernetes", "KUBECONFIG is not set")
    try:
        run(find_program("kubectl"), "get", "--raw", "/readyz", seconds=10)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        lack("kubernetes", f"the cluster does not answer: {str(error)[:200]}")
    return environment()["KUBECONFIG"]


@pytest.fixture(scope="session")
def cluster_images(cluster, images):
    """The images that the chart names, in the cluster: those that `make images` always makes."""
    into_cluster([built_agent(), official().sample.name, official().gateway.name])


@pytest.fixture(scope="session")
def collector_image(cluster_images, collector_images):
    """The collector's image in the cluster: its name."""
    lines = (collector_images / ".env").read_text().splitlines()
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    name = names.get(COLLECTOR_VARIABLE, collector(DEFAULT_VERSION).name)  # pulled: no line
    into_cluster([name])
    return name


@pytest.fixture(scope="session")
def other_agent(cluster_images, engine, tmp_path_factory):
    """An agent of another version in the cluster, made by the kit: its version and its image."""
    name = built_agent(OTHER_AGENT)
    if not (os.environ.get("E2E_IMAGES") == "present" and engine.images.find(name)):
        folder = tmp_path_factory.mktemp("other-agent")
        command = [
            sys.executable,
            "-m",
            "sidecar",
            "images",
            "--agent-version",
            OTHER_AGENT,
            "--out",
            folder,
        ]
        run(*command, seconds=600)
    into_cluster([name])
    return OTHER_AGENT, name


@pytest.fixture(scope="session")
def release(cluster_images):
    """The release `demo`, shared by tests that upgrade it to what they need."""
    with namespace("sidecar-shared") as space:
        install(space)
        yield space


@pytest.fixture(scope="session")
def collected(collector_image):
    """The same release with collectors, and the options that keep them at an upgrade."""
    options = with_collectors(collector_image)
    with namespace("sidecar-collected") as space:
        space.set_token("tracing", CANARY)
        space.helm("install", "demo", CHART, *OPTIONS, *options, *WAIT)
        yield space, options


@pytest.fixture
def fresh_namespace(cluster_images):
    """A namespace for one test."""
    with namespace("sidecar") as space:
        yield space
