"""The hop of a release's canary, read in the pod of its stand-in."""

from __future__ import annotations

import pytest
from cluster_pods import listed, pod, stand_in, with_canary
from fake_kubectl import put_on_path

from sidecar.kubernetes.kubectl import Kubectl
from sidecar.kubernetes.pods import compact_port_of, pods_of
from sidecar.verify.hops import Proof
from sidecar.verify.kubernetes.canary import compared
from sidecar.verify.kubernetes.release import ReleaseDeployment

WEB = with_canary(pod("demo-web-1"), "2026-11-26T10:00:00Z")
API = with_canary(pod("demo-api-1", "api"), "2026-11-26T10:00:09Z")
FOUND = {"services": {"web": {"equal": 7}, "api": {"equal": 3}}, "known": {}, "by_otlp": 0}


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers."""
    return put_on_path(tmp_path, monkeypatch)


def hops_of(kubectl, *pods):
    """Return what a canary adds to a proof for these pods."""
    kubectl.answer("get pods --selector", listed(*pods))
    release = ReleaseDeployment(Kubectl("shop"), "demo")
    return compared(Proof("marker", ()), release, 2).hops


def test_each_service_has_the_hop(kubectl) -> None:
    """Compared since the last copier started, and for the pods that have one."""
    kubectl.answer("exec", FOUND)
    hops = hops_of(kubectl, WEB, API, pod("demo-web-0"), stand_in())

    agree = [(hop.service, hop.hop, hop.figure, hop.ok) for hop in hops]
    assert [("api", "canary agrees", 3, True), ("web", "canary agrees", 7, True)] == agree
    assert [
        "sidecar.verify.network.compared",
        "--seconds=2",
        "--since=1795687209.0",
        "--host=demo-api-1",
        "--host=demo-web-1",
    ] == kubectl.asked[-1][-5:]


def test_a_long_name_is_looked_for_as_the_pods_host_is_called(kubectl) -> None:
    """Kubernetes cuts a host name at 63 characters."""
    kubectl.answer("exec", FOUND)
    long = with_canary(pod(f"demo-{'w' * 57}-7d9f-x2x4z"), "2026-11-26T10:00:00Z")
    hops_of(kubectl, long, stand_in())

    assert f"--host=demo-{'w' * 57}" == kubectl.asked[-1][-1]


def test_without_a_canary_nothing_is_compared(kubectl) -> None:
    """The proof stays as it is."""
    assert () == hops_of(kubectl, pod(), stand_in())


def test_a_stand_in_that_is_away_is_the_cause(kubectl) -> None:
    """Of each service's hop."""
    hops = hops_of(kubectl, WEB, API)

    assert [("api", "part-not-running"), ("web", "part-not-running")] == [
        (hop.service, hop.id) for hop in hops
    ]


def test_a_service_reports_to_the_copier() -> None:
    """That is at the agent's port; the agent has another."""
    plain, copied = pods_of(listed(pod("a"), with_canary(pod("b"), "")))

    assert (6831, 6831) == (compact_port_of(plain), compact_port_of(copied))
