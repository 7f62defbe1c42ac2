"""A rehearsal of a release under Pod Security `restricted`: faults that are really injected."""

from __future__ import annotations

import json

import pytest
from helm_charts import CHART
from kubernetes_cluster import namespace

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes"), pytest.mark.timeout(300)]

NOTICED = {
    "gateway-away": {"gateway-connection-refused", "gateway-connection-broken"},
    "agent-killed": {"part-crashing"},
    "agent-paused": {"part-not-answering"},
}
"""Fault → the ids that may name it."""


@pytest.fixture
def release(cluster_images):
    """One service of the sample, and the stand-in."""
    with namespace("sidecar-rehearsal") as space:
        values = ("--set", "services.frontend=null")
        space.helm("install", "demo", CHART, *values, "--wait", "--timeout", "120s")
        yield space


def states(space):
    """Return what a rehearsal must leave as it was: pods that are ready, and the Services."""
    services = {one["metadata"]["name"]: one["spec"] for one in space.get("services")}
    ready = {
        pod["metadata"]["name"]: {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        for pod in space.get("pods")
    }
    return services, ready


def test_every_span_of_a_release_is_accounted_for(release):
    """Sent = arrived + counted, each fault by its name, and the release is as before."""
    before = states(release)

    flags = [f"--fault={name}" for name in NOTICED]
    done = release.sidecar("rehearse", "--release", "demo", "--output", "json", *flags)

    assert 0 == done.returncode, done.stdout + done.stderr
    faults = {fault["fault"]: fault for fault in json.loads(done.stdout)["faults"]}
    assert NOTICED.keys() == faults.keys()
    for name, fault in faults.items():
        lost = sum(fault["lost"].values()) - fault["surplus"]
        assert fault["sent"] == fault["arrived"] + lost, fault
        assert fault["noticed"]["id"] in NOTICED[name], fault
    assert 200 == faults["agent-killed"]["lost"]["agent killed with them"]
    assert 0 < faults["gateway-away"]["lost"]["agent failed"]
    assert {} == faults["agent-paused"]["lost"]
    assert before == states(release)
