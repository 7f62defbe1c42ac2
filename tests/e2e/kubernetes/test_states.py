"""One release in many states at once: each has its own id in a proof and in a status."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
import yaml
from helm_charts import CHART
from kubernetes_cluster import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

SMALL = {"requests": {"cpu": "1m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}}
SLEEP = {"args": ["sleep", "600"], "runAsUser": 10001, "resources": SMALL}
VOLUME = {
    "extraVolumes": [
        {"name": "v", "secret": {"secretName": "db", "items": [{"key": "url", "path": "url"}]}}
    ],
    "extraVolumeMounts": [{"name": "v", "mountPath": "/v"}],
}
SERVICES = {
    "frontend": {"enabled": False},
    "backend": {"enabled": False},
    "ends": {**SLEEP, "args": ["python", "-c", "print()"]},
    "hangs": {**SLEEP, "initContainers": [{"name": "migrate", "args": ["sleep", "600"]}]},
    "gated": {**SLEEP, "pod": {"schedulingGates": [{"name": "example.com/wait"}]}},
    "keyless": {**SLEEP, **VOLUME},
    "paused": {**SLEEP, "workload": {"paused": True}},
    "probed": {
        **SLEEP,
        "container": {
            "startupProbe": {"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 2},
        },
        "terminationGracePeriodSeconds": 1,
    },
}
CRONS = {
    "night": {**SLEEP, "schedule": "0 3 1 1 *"},
    "rests": {**SLEEP, "schedule": "0 3 1 1 *", "suspend": True},
}
COMMAND = re.compile(r"`kubectl ([^`]+)`")
EXPECTED = {
    "ends": "service-ends",
    "hangs": "init-container-runs",
    "gated": "pod-without-node",
    "keyless": "secret-missing",
    "paused": "rollout-paused",
    "probed": "part-fails-its-probe",
    "night": "job-not-run",
    "rests": "job-suspended",
}


@pytest.fixture
def release(fresh_namespace, tmp_path):
    """A release whose services are all ill, without a stand-in that would add to the time."""
    values = {"services": SERVICES, "cronJobs": CRONS, "standIn": {"waitSeconds": 0}}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    fresh_namespace.kubectl("create", "secret", "generic", "db", "--from-literal=other=x")
    fresh_namespace.helm("install", "demo", CHART, "-f", tmp_path / "values.yaml")
    return fresh_namespace


def ids(space) -> dict[str, str]:
    """Return the first id of each service in a proof."""
    words = ("verify", "--release", "demo", "--spans", 20, "--output", "json")
    hops = json.loads(space.sidecar(*words).stdout)["hops"]
    return {hop["service"]: hop["id"] for hop in reversed(hops) if hop.get("id")}


def test_each_state_has_its_own_id(release) -> None:
    """In a proof, and the same ones in a status; each command in a fix runs as it is written."""
    assert EXPECTED == eventually(lambda: ids(release), EXPECTED, 150)
    findings: list[dict[str, Any]] = []

    def named() -> dict[str, str]:
        findings[:] = status(release)
        return {each["subject"]: each["id"] for each in findings}

    # what ends again and again runs for a moment in between
    assert EXPECTED == eventually(named, EXPECTED, 60)
    commands = {found for each in findings for found in COMMAND.findall(each["fix"])}
    assert 6 <= len(commands)
    for command in sorted(commands):
        release.kubectl(*shlex.split(command))


def status(space) -> list[dict[str, Any]]:
    """Return the findings of a status."""
    done = space.sidecar("verify", "--release", "demo", "--status", "--output", "json")
    return json.loads(done.stdout)["findings"]
