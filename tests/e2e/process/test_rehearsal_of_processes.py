"""A rehearsal of the sample without an engine: faults of the stand-in, and signals."""

from __future__ import annotations

import json

import pytest

from sidecar.demo import processes

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo"), pytest.mark.timeout(240)]


@pytest.fixture
def demo(tmp_path):
    """The folder of a demo that runs."""
    processes.start(tmp_path, print)
    yield tmp_path
    processes.stop(tmp_path)


def test_every_span_of_a_demo_without_containers_is_accounted_for(demo, run):
    """Refusing gateway, wrong token, stopped stand-in: sent = arrived + counted, then proven."""
    names = ("gateway-refusing", "wrong-token", "agent-paused")
    flags = [f"--fault={name}" for name in names]

    done = run("rehearse", "--target", "process", "--out", demo, "--output", "json", *flags)

    report = json.loads(done.out)
    assert 0 == done.code, done.out
    assert list(names) == [fault["fault"] for fault in report["faults"]]
    for fault in report["faults"]:
        assert fault["noticed"], fault
        lost = sum(fault["lost"].values()) - fault["surplus"]
        assert fault["sent"] == fault["arrived"] + lost
    assert report["proof"]["ok"]
