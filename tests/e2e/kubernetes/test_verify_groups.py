"""What `sidecar verify` looks at: two charts of one release, and every completion of a Job."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from helm_charts import CHART
from kubernetes_cluster import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

ALIASES = ("one", "two")
WORK = """
import os
from sidecar_tracing import Config
config = Config(
    config={"sampler": {"type": "const", "param": 1}}, service_name="early", validate=True
)
tracer = config.initialize_tracer()
if os.environ["JOB_COMPLETION_INDEX"] == "1":
    os._exit(0)
tracer.start_span("work").finish()
tracer.close(timeout=20)
"""
"""The second of three completions ends well and without a span."""


def verified(space, *options: object) -> dict:
    """Return the report of a release."""
    words = ("verify", "--release", "demo", "--spans", 20, "--output", "json")
    done = space.sidecar(*words, *options)
    return json.loads(done.stdout)


def test_both_charts_of_a_parent_are_proven(fresh_namespace, tmp_path) -> None:
    """Each service by its own name, each counted in its own stand-in."""
    parts = [
        {"name": "sidecar-kit", "version": ">=0.1.0-0", "alias": alias, "repository": "file://x"}
        for alias in ALIASES
    ]
    parent = {"apiVersion": "v2", "name": "all", "version": "1.0.0", "dependencies": parts}
    (tmp_path / "Chart.yaml").write_text(json.dumps(parent))
    shutil.copytree(CHART, tmp_path / "charts" / "sidecar-kit")
    fresh_namespace.helm("install", "demo", tmp_path, "--wait", "--timeout", "150s")
    services = [f"demo-{alias}-{name}" for alias in ALIASES for name in ("backend", "frontend")]
    requests = [
        word
        for alias in ALIASES
        for word in (
            "--request",
            f"demo-{alias}-frontend=http://demo-{alias}-frontend:8080/greet",
        )
    ]
    report = verified(fresh_namespace, *requests)

    assert sorted(services) == sorted({hop["service"] for hop in report["hops"]})
    assert report["ok"], json.dumps(report)


def test_every_completion_of_a_job_is_judged(fresh_namespace, tmp_path) -> None:
    """One of three reported nothing, which the two others do not hide."""
    indexed = {"completions": 3, "parallelism": 3, "completionMode": "Indexed"}
    job = {"args": ["python", "-c", WORK], "runAsUser": 10001, "workload": indexed}
    off = {"frontend": {"enabled": False}, "backend": {"enabled": False}}
    (tmp_path / "jobs.yaml").write_text(yaml.safe_dump({"services": off, "jobs": {"early": job}}))
    fresh_namespace.helm("install", "demo", CHART, "-f", tmp_path / "jobs.yaml")
    fresh_namespace.kubectl("wait", "jobs", "--all", "--for=condition=Complete", "--timeout=150s")
    hops = verified(fresh_namespace)["hops"]

    assert ["", "", "job-silent"] == sorted(hop.get("id") or "" for hop in hops)


def test_what_a_quota_refuses_is_named(fresh_namespace, tmp_path) -> None:
    """A Deployment's pods and a Job's, each with the cause; `helm test` ends at once.

    No pod fits: one that did would make room at its end, maybe for the pod of `helm test`.
    """
    hard = {"pods": "0"}
    metadata = {"name": "team"}
    fresh_namespace.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}
    )
    job = {"args": ["python", "-c", "print()"], "runAsUser": 10001}
    (tmp_path / "jobs.yaml").write_text(yaml.safe_dump({"jobs": {"early": job}}))
    fresh_namespace.helm("install", "demo", CHART, "-f", tmp_path / "jobs.yaml")
    wait_until(lambda: refusals(fresh_namespace) == 4, 60, "four workloads are refused")
    done = fresh_namespace.sidecar("verify", "--release", "demo", "--spans", 20)
    with pytest.raises(AssertionError, match="exceeded quota"):
        fresh_namespace.helm("test", "demo", "--timeout", "60s")

    assert 1 == done.returncode
    assert "[pod-over-quota]" in done.stdout + done.stderr


def refusals(space) -> int:
    """Return how many workloads the cluster gives no pod."""
    events = space.get("events", "--field-selector=reason=FailedCreate")
    return len({event["involvedObject"]["name"] for event in events})
