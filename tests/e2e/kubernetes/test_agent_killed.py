"""An agent's container ends: its service stays ready and answers, and traces resume."""

from __future__ import annotations

import json
from typing import Any

import pytest
from canary_release import FRONTEND, GATEWAY, upgrade
from greetings import REQUESTS, answered, enough
from kubernetes_cluster import wait_until
from pod_states import state_now, watched

from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

LATER = 50
"""Requests after the agent is back."""
KEPT = """
import http.client, pathlib, time
connection = http.client.HTTPConnection("demo-frontend", 8080, timeout=10)
connection.connect()
kept = connection.sock
number = 0
while not pathlib.Path("/tmp/enough").exists():
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    assert (200, kept) == (answer.status, connection.sock), f"request {number}"
    number += 1
    print(number, flush=True)
    time.sleep(0.03)
"""


def test_a_single_replicas_service_answers_while_its_agent_is_away(release) -> None:
    """Its container is ready in every state of the API; no request to the pod's address fails.

    Its Service has no endpoint meanwhile, because Kubernetes counts a pod as not ready while any of
    its containers restarts: new connections are refused, one that a client keeps goes on.
    """
    upgrade(release, "--set", "services.frontend.replicas=1")
    pod = release.pod_of("frontend")
    name, address = pod["metadata"]["name"], pod["status"]["podIP"]
    with watched(release, name) as states:
        release.python("one", REQUESTS, f"http://{address}:8080", GATEWAY, 0, wait=False)
        release.python("kept", KEPT, wait=False)
        wait_until(
            lambda: min(answered(release, "one"), answered(release, "kept")) >= 10,
            60,
            "requests are answered",
        )
        end_agent(release, name)
        back = {client: answered(release, client) for client in ("one", "kept")}
        wait_until(lambda: go_on(release, back), 60, "requests go on")
        for client, number in back.items():
            enough(release, client, number)
        report = json.loads(release.result("one").splitlines()[-1])
        release.result("kept")

    assert {(True, 0)} == {(one.service_ready, one.service_restarts) for one in states}
    assert not all(one.agent_ready for one in states)
    # each trace of a request after the agent was back is whole
    assert {"failures": [], "missing": 0} == pick(report, "failures", "missing")


def go_on(space, since: dict[str, int]) -> bool:
    """Tell whether all clients have had some more requests answered."""
    return all(answered(space, client) >= number + LATER for client, number in since.items())


def test_no_request_of_a_service_with_two_replicas_fails(release) -> None:
    """The other one answers; the service's container does not restart; traces resume.

    Requests go to the Service's address: a failed lookup of its name is the cluster's own.
    """
    upgrade(release, "--set", "services.frontend.replicas=2")
    name = release.pod_of("frontend")["metadata"]["name"]
    (service,) = release.get("services", "--field-selector", "metadata.name=demo-frontend")
    address = f"http://{service['spec']['clusterIP']}:8080"
    release.python("two", REQUESTS, address, GATEWAY, 0, wait=False)
    wait_until(lambda: answered(release, "two") >= 10, 60, "requests are answered")
    end_agent(release, name)
    enough(release, "two", answered(release, "two"))

    now = state_now(release, name)
    assert (True, 0) == (now.service_ready, now.service_restarts)
    release.python("after", REQUESTS, FRONTEND, GATEWAY, 20, wait=False)
    report = json.loads(release.result("after").splitlines()[-1])
    assert {"answered": 20, "failures": [], "missing": 0} == pick(
        report, "answered", "failures", "missing"
    )
    # while its agent was away a pod's spans had nowhere to go: only the answers count here
    assert [] == json.loads(release.result("two").splitlines()[-1])["failures"]


def end_agent(space, name: str) -> None:
    """End the process of a pod's agent, and wait until its container runs again and is ready."""
    image = ("--image", official().gateway.name, "--profile=restricted", "--target=jaeger-agent")
    stop = ("--", "python", "-c", "import os; os.kill(1, 15)")
    space.kubectl("debug", name, *image, "--container=killer", *stop)
    wait_until(lambda: state_now(space, name).agent_restarts == 1, 60, "the agent restarts")
    wait_until(lambda: state_now(space, name).agent_ready, 60, "the agent is back")


def pick(report: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return these parts of a report."""
    return {name: report[name] for name in names}
