"""A rehearsal of the sample in containers: faults that lose spans, really injected."""

from __future__ import annotations

import json

import pytest
from compose_deployment import sidecar

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(600)]

NOTICED = {
    "gateway-refusing": {"gateway-connection-refused"},
    "gateway-away": {"gateway-off-network"},
    "gateway-silent": {"gateway-silent"},
    "gateway-failing": {"gateway-unavailable"},
    "quota": {"gateway-quota-exceeded"},
    "wrong-token": {"token-refused"},
    "agent-killed": {"part-not-running"},
    "agent-paused": {"part-paused"},
}
"""Fault → the ids that may name it."""


def states(deployment):
    """Return what a rehearsal must leave as it was: containers, their networks and names."""
    found = {}
    for container in deployment.engine.containers.of_project(deployment.project):
        networks = deployment.inspect(container.service)["NetworkSettings"]["Networks"]
        names = {name: sorted(one["Aliases"]) for name, one in networks.items()}
        found[container.service] = (container.identity, container.status, names)
    return found


def test_every_span_of_the_sample_is_accounted_for(deployment):
    """Sent = arrived + counted, each fault by its name, and the deployment is as before."""
    before = states(deployment)

    flags = [f"--fault={name}" for name in NOTICED]
    done = sidecar("rehearse", "--out", deployment.folder, "--output", "json", *flags)

    assert 0 == done.code, done.out + done.err
    faults = {fault["fault"]: fault for fault in json.loads(done.out)["faults"]}
    assert NOTICED.keys() == faults.keys()
    for name, fault in faults.items():
        lost = sum(fault["lost"].values()) - fault["surplus"]
        assert fault["sent"] == fault["arrived"] + lost, fault
        assert fault["noticed"]["id"] in NOTICED[name], fault
    assert 400 == faults["agent-killed"]["lost"]["agent killed with them"]
    assert before == states(deployment)
