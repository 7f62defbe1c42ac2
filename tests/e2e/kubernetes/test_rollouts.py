"""A service with everything of its own rolls to the end, on a cluster that may have one node."""

from __future__ import annotations

import json

import pytest
import yaml
from canary_release import GATEWAY
from cluster_volumes import volumes
from helm_charts import CHART

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

PREPARE = """
import os
from sidecar_tracing import Config
config = Config(config={"sampler": {"type": "const", "param": 1}}, service_name="prepare")
tracer = config.initialize_tracer()
with tracer.start_span("prepare") as span:
    with open("/var/lib/store/traces", "a") as file:
        print(f"{span.trace_id:016x}", file=file)
tracer.close(timeout=20)
"""
APP = "gunicorn --config python:sample_service.gunicorn_conf sample_service.backend:app"
STORE = {
    "port": 8081,
    "args": [*APP.split(), "--bind=:8081", "--bind=:9000"],
    "runAsUser": 10001,
    "extraPorts": [{"name": "second", "port": 9000}],
    "envFrom": [{"configMapRef": {"name": "store"}}],
    "extraVolumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "store"}},
        {"name": "settings", "configMap": {"name": "store"}},
    ],
    "extraVolumeMounts": [
        {"name": "data", "mountPath": "/var/lib/store"},
        {"name": "settings", "mountPath": "/etc/store", "readOnly": True},
    ],
    "initContainers": [
        {
            "name": "prepare",
            "args": ["python", "-c", PREPARE],
            "volumeMounts": [{"name": "data", "mountPath": "/var/lib/store"}],
        }
    ],
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {
                    "topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "store"}},
                }
            ]
        }
    },
    "strategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    "terminationGracePeriodSeconds": 20,
    "podSecurityContext": {"fsGroup": 10001},
    "serviceAccountName": "store",
    "resources": {
        "requests": {"cpu": "20m", "memory": "128Mi", "ephemeral-storage": "32Mi"},
        "limits": {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    },
    "health": {"path": "/healthz", "ready": {"path": "/readyz"}},
}
VALUES = {"services": {"frontend": None, "backend": None, "store": STORE}}
INSIDE = """
import json, os, time, urllib.error, urllib.request
deadline = time.monotonic() + 30
def status(port):
    try:
        with urllib.request.urlopen(f"http://demo-store:{port}/healthz", timeout=10) as answer:
            return answer.status
    except urllib.error.URLError:  # the nodes do not know yet where the new pod is
        if time.monotonic() > deadline:
            raise
    time.sleep(0.2)
    return status(port)
try:
    open("/srv/file", "w")
    root = "writable"
except OSError as error:
    root = error.strerror
found = {
    "ports": [status(8081), status(9000)],
    "variable": os.environ["MODE"],
    "mounted": open("/etc/store/MODE").read(),
    "root": root,
    "traces": open("/var/lib/store/traces").read().split(),
}
print(json.dumps(found))
"""
COUNT = """
import json, sys, time, urllib.request
def spans(trace):
    try:
        url = f"{sys.argv[1]}/api/traces/{trace}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return len(json.load(answer)["data"][0]["spans"])
    except OSError:
        return 0
deadline = time.monotonic() + 20
while min(map(spans, sys.argv[2:])) < 1 and time.monotonic() < deadline:
    time.sleep(0.2)
print([spans(trace) for trace in sys.argv[2:]])
"""


def test_no_two_pods_of_a_service_fit_the_node_and_it_rolls(fresh_namespace, tmp_path) -> None:
    """By its own strategy, where the chart's would wait for ever; each init container is traced.

    It has what it asks for in either pod: volumes, variables, ports, a root that is read only.
    """
    space = fresh_namespace
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(VALUES))
    values = ("-f", tmp_path / "values.yaml")
    with volumes(space, tmp_path / "volume", 1) as storage_class:
        space.apply(*belongings(storage_class))
        first, second = (
            rolled(space, action, *values, "--set", f"env.VERSION={action}")
            for action in ("install", "upgrade")
        )
        inside = ("exec", second, "--container=store", "--", "python", "-c", INSIDE)
        found = json.loads(space.kubectl(*inside))
        traces = found.pop("traces")
        spans = json.loads(space.python("look", COUNT, GATEWAY, *traces))
        space.helm("uninstall", "demo", "--wait")

    assert first != second
    assert {
        "ports": [200, 200],
        "variable": "fast",
        "mounted": "fast",
        "root": "Read-only file system",
    } == found
    assert [1, 1] == spans


def rolled(space, action: str, *options: object) -> str:
    """Install or upgrade the release, and return the service's pod once the rollout has ended."""
    space.helm(action, "demo", CHART, *options)
    # Helm's own --wait would not wait for a pod that may be away
    space.kubectl("rollout", "status", "deployment/demo-store", "--timeout=90s")
    return space.pod_of("store")["metadata"]["name"]


def belongings(storage_class: str):
    """Yield what the service brings along: a claim, a ConfigMap and an account."""
    named = {"metadata": {"name": "store"}, "apiVersion": "v1"}
    storage = {"requests": {"storage": "1Gi"}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": storage}
    if storage_class:
        claim["storageClassName"] = storage_class
    yield {**named, "kind": "PersistentVolumeClaim", "spec": claim}
    yield {**named, "kind": "ConfigMap", "data": {"MODE": "fast"}}
    yield {**named, "kind": "ServiceAccount"}
