"""Manifests with an injected agent, next to the shared release's stand-in, and back."""

from __future__ import annotations

import json

import pytest
from kubernetes_cluster import RESTRICTED, wait_until
from trace_counts import counting

from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

SAMPLE = "sample_service"
WORK = """
from sidecar_tracing import Config
settings = {"sampler": {"type": "const", "param": 1}}
tracer = Config(settings, service_name="shop-import").initialize_tracer()
for number in range(50):
    tracer.start_span("row").finish()
print(tracer.close())
"""
MANIFESTS = f"""\
# a service and a job as people have them: no word of tracing
apiVersion: apps/v1
kind: Deployment
metadata: {{name: shop-web}}
spec:
  selector: {{matchLabels: {{app: shop-web}}}}
  template:
    metadata:
      labels: {{app: shop-web}}   # found by these
    spec:
      containers:
      - name: web
        image: {official().sample.name}
        args: [gunicorn, --config, "python:{SAMPLE}.gunicorn_conf", "{SAMPLE}.backend:app"]
        env:
        - {{name: JAEGER_SERVICE_NAME, value: shop-web}}
        - {{name: PORT, value: "8000"}}
        securityContext: {json.dumps(RESTRICTED)}
---
apiVersion: batch/v1
kind: Job
metadata: {{name: shop-import}}
spec:
  backoffLimit: 0
  template:
    metadata: {{labels: {{app: shop-import}}}}
    spec:
      restartPolicy: Never
      containers:
      - name: import
        image: {official().sample.name}
        command: [python, -c, {json.dumps(WORK)}]
        securityContext: {json.dumps(RESTRICTED)}
"""


def test_what_inject_adds_delivers_and_leaves_again(release, execute, tmp_path) -> None:
    """A job's spans arrive and it completes; verify proves the path; uninject restores it all."""
    path = tmp_path / "shop.yaml"
    path.write_text(MANIFESTS)
    (tmp_path / "regions.yaml").write_text(
        "regions:\n- {id: stand-in, name: Stand-in, public: demo-gateway}\n"
    )
    (tmp_path / "sidecar.yaml").write_text("region: stand-in\nimages: {source: build}\n")
    flags = ("--regions", tmp_path / "regions.yaml", "--file", tmp_path / "sidecar.yaml")

    assert 0 == execute("inject", path, *flags, "--in-place").code
    release.kubectl("apply", "-f", path)
    release.kubectl("wait", "--for=condition=complete", "job/shop-import", "--timeout=90s")
    release.kubectl("rollout", "status", "deployment/shop-web", "--timeout=90s")
    program = counting("http://demo-gateway:16686", "shop-import", 30)
    assert "50" == release.python("count", program).strip()
    proof = release.sidecar("verify", "--injected", "--path-only")
    assert (0, True) == (proof.returncode, "shop-web" in proof.stdout), proof.stdout

    live = release.kubectl("get", "deployment", "shop-web", "-o", "yaml")
    assert live == execute("inject", "-", *flags, stdin=live.encode()).out
    assert 0 == execute("uninject", path, "--in-place").code
    assert MANIFESTS == path.read_text()
    release.kubectl("delete", "job", "shop-import")
    release.kubectl("apply", "-f", path)
    deployment = json.loads(release.kubectl("get", "deployment", "shop-web", "-o", "json"))
    pod = deployment["spec"]["template"]["spec"]
    assert (None, None) == (pod.get("initContainers"), pod.get("volumes"))
    release.kubectl("delete", "-f", path, "--wait=false")
    wait_until(lambda: not release.get("pods", "-l", "app=shop-web"), 60, "shop-web ends")
