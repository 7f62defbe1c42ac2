"""What the kit reads of a pod."""

from __future__ import annotations

import pytest
from cluster_pods import listed, pod

from sidecar.kubernetes.pods import Pod, admin_of, agent_of, pods_of, trouble_of


def read(**changes) -> Pod:
    """Return a pod as the kit reads it."""
    return Pod("demo-web-1", "shop", pod(**changes))


@pytest.mark.parametrize(
    ("args", "url"),
    [
        (["--admin.http.host-port=127.0.0.1:14271"], "http://127.0.0.1:14271"),
        (["--admin.http.host-port=[$(POD_IP)]:14271"], "http://10.0.0.7:14271"),
        (["--admin.http.host-port=:9000"], "http://127.0.0.1:9000"),
        (["--admin-http-port=14272"], "http://127.0.0.1:14272"),
        ([], "http://127.0.0.1:14271"),
    ],
)
def test_the_admin_port_is_where_the_agents_flags_put_it(args, url: str) -> None:
    """Loopback, the pod's address, or an older flag."""
    assert url == admin_of(read(args=args))


def test_a_collectors_counters_are_on_loopback() -> None:
    """It has a file where an agent has flags."""
    assert "http://127.0.0.1:8888" == admin_of(read(args=["--config=/etc/otelcol/config.yaml"]))


def test_an_ipv6_pods_admin_port_is_in_brackets() -> None:
    """As in URLs."""
    assert "http://[fd00::7]:14271" == admin_of(
        read(args=["--admin.http.host-port=[$(POD_IP)]:14271"], ip="fd00::7")
    )


def test_spans_go_where_the_services_variables_say() -> None:
    """Else to the agent on loopback; values from references cannot be read."""
    env = [
        {"name": "JAEGER_AGENT_HOST", "value": "localhost"},
        {"name": "JAEGER_AGENT_PORT", "valueFrom": {}},
    ]

    assert ("localhost:6831", "127.0.0.1:6831") == (agent_of(read(env=env)), agent_of(read()))


def test_a_pod_about_to_end_is_not_ready() -> None:
    """Whatever its conditions."""
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-22T00:00:00Z"

    assert (True, False) == (read().ready, Pod("p", "shop", leaving).ready)


def test_a_service_is_known_by_its_labels() -> None:
    """Component, then application, then the pod's own name."""
    data = pod()
    del data["metadata"]["labels"]["app.kubernetes.io/component"]
    unlabelled = Pod("p", "shop", data)
    named = {**data["metadata"]["labels"], "app.kubernetes.io/name": "shop"}
    labelled = Pod("p", "shop", {**data, "metadata": {**data["metadata"], "labels": named}})

    assert ("web", "shop", "p") == (read().service, labelled.service, unlabelled.service)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"state": {"running": {}}}, ""),
        ({}, ""),
        ({"state": {"terminated": {"exitCode": 0}}}, ""),
        (
            {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}},
            "ended: OOMKilled, exit code 137",
        ),
        ({"state": {"waiting": {"reason": "ImagePullBackOff"}}}, "waits: ImagePullBackOff"),
        (
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1}},
            },
            "waits: CrashLoopBackOff, last ended: Error, exit code 1",
        ),
    ],
)
def test_a_container_that_does_not_run_says_why(status, why: str) -> None:
    """And how it ended the last time."""
    assert why == trouble_of(status)


def test_a_pod_that_is_not_ready_says_why() -> None:
    """By its stopped containers, else its phase."""
    waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}

    assert "container jaeger-agent waits: CrashLoopBackOff" == read(agent=waiting).trouble()
    assert "is Pending, and not ready" == read(phase="Pending").trouble()


def test_a_host_name_that_is_given_is_that_of_the_processes() -> None:
    """As of the pods of an Indexed Job, whose names have a suffix more."""
    data = pod("demo-index-0-fsl4q", "index")
    data["spec"]["hostname"] = "demo-index-0"
    (given,) = pods_of(listed(data))
    (other,) = pods_of(listed(pod()))

    assert ("demo-index-0", "demo-web-1") == (given.hostname, other.hostname)
