"""A rehearsal of a release under Pod Security `restricted`: faults that are really injected."""

from __future__ import annotations

import json

import pytest
from _require import only_stacks
from helm_charts import CHART
from kubernetes_cluster import eventually, namespace

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


WAITS = {"spans-wait-in-queue"}
KEPT = {
    "gateway-away": WAITS,
    "wrong-token": WAITS,
    "agent-killed": {"part-crashing"},
    "agent-paused": {"part-not-answering"},
}
"""The same of collectors."""


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
        assert fault["noticed"]["id"] in NOTICED[name], json.dumps(fault)
    assert 200 == faults["agent-killed"]["lost"]["agent killed with them"]
    assert 0 < faults["gateway-away"]["lost"]["agent failed"]
    assert {} == faults["agent-paused"]["lost"]
    assert before == eventually(lambda: states(release), before, 60)  # a probe takes its time


@only_stacks
def test_collectors_of_a_release_lose_nothing_that_reached_them(collector_image):
    """What was sent while a collector was away is counted by the client; all else arrives, once."""
    with namespace("sidecar-rehearsal") as space:
        sets = f"services.frontend=null,images.agent={collector_image}"
        values = ("-f", CHART / "ci" / "collector-values.yaml", "--set", sets)
        space.helm("install", "demo", CHART, *values, "--wait", "--timeout", "120s")
        before = states(space)
        flags = [f"--fault={name}" for name in KEPT]
        done = space.sidecar("rehearse", "--release", "demo", "--output", "json", *flags)

        assert 0 == done.returncode, done.stdout + done.stderr
        assert before == eventually(lambda: states(space), before, 60)
    faults = {fault["fault"]: fault for fault in json.loads(done.stdout)["faults"]}
    assert KEPT.keys() == faults.keys()
    for name, fault in faults.items():
        client = sum(n for why, n in fault["lost"].items() if why.startswith("client"))
        assert fault["sent"] == fault["arrived"] + client, fault
        assert fault["noticed"]["id"] in KEPT[name], json.dumps(fault)
