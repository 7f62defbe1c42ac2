"""The page's Pod: an init container brings the runtime, and inject adds the agent."""

from __future__ import annotations

import subprocess

import pytest
import yaml
from carried import carry
from copies import ROOT
from kubernetes_cluster import RESTRICTED, into_cluster
from pages import blocks
from trace_counts import EXPECTED, counting

from sidecar.image_names import BUILT_BASE, built_agent

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(180)]

IMAGE = "sidecar-kit-test/carried:1"
SERVICE = f"""
import opentracing, time
for _ in range({EXPECTED}):
    opentracing.global_tracer().start_span("carried").finish()
while True:
    time.sleep(1)
"""


@pytest.fixture
def carried_image(release, images, tmp_path):
    """An image with Python only, and the folder for the init container, in the cluster."""
    lines = (images / ".env").read_text().splitlines()
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    base = names.get("SIDECAR_BASE_IMAGE", BUILT_BASE)
    carry(tmp_path / "packages")
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nCOPY packages /packages\n")
    command = ["docker", "build", "--quiet", "--network=none", "--tag", IMAGE, tmp_path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    into_cluster([IMAGE])
    yield IMAGE
    subprocess.run(["docker", "image", "rm", IMAGE], check=False, capture_output=True)


def the_pages_pod(image):
    """Return it with a service that reports a moment after its start, hardened as `restricted`."""
    page = (ROOT / "docs/tracing.md").read_text(encoding="utf-8")
    pod = yaml.safe_load(blocks("yaml", page)[1])
    (brings,) = pod["spec"]["initContainers"]
    (serves,) = pod["spec"]["containers"]
    for container in (brings, serves):
        container |= {"image": image, "securityContext": RESTRICTED}
    serves["command"] = ["python3", "-c", SERVICE]
    return pod


def test_a_pod_whose_image_has_no_runtime_is_traced(release, carried_image, execute, tmp_path):
    """The init container brings the folder, the agent starts before it, and every span arrives."""
    manifest, regions = tmp_path / "pod.yaml", tmp_path / "regions.yaml"
    manifest.write_text(yaml.safe_dump(the_pages_pod(carried_image)))
    regions.write_text("regions:\n- {id: stand-in, name: Stand-in, public: demo-gateway}\n")
    spec = tmp_path / "sidecar.yaml"
    spec.write_text("region: stand-in\nimages: {source: build}\n")
    done = execute("inject", manifest, "--regions", regions, "--file", spec)
    assert done.code == 0, done.err
    pod = yaml.safe_load(done.out)
    try:
        release.apply(pod)
        release.kubectl("wait", "--for=condition=ready", "pod/shop", "--timeout=60s")
        program = counting("http://localhost:16686", "shop", 20, "carried")
        received = release.kubectl(
            "exec", "deployment/demo-gateway", "--", "python", "-c", program
        ).strip()
        said = release.kubectl("logs", "shop", "--container=shop")
    finally:
        release.kubectl("delete", "pod", "shop", "--ignore-not-found", "--grace-period=1")

    started = [each["image"] for each in pod["spec"]["initContainers"]]
    assert [built_agent(), carried_image] == started
    assert str(EXPECTED) == received, said
