"""Agents die, services stop: the services answer every request, and the spans of those arrive."""

from __future__ import annotations

import os
import signal

import pytest
from compose_deployment import Traffic, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("agent", ["frontend-agent", "backend-agent"])
def test_a_killed_agent_takes_no_service_down(deployment, agent):
    """Requests are answered while an agent is dead, and new traces arrive when it is back."""
    service = agent.removesuffix("-agent")
    began = deployment.inspect(service)["State"]["StartedAt"]
    with Traffic(deployment) as traffic:
        traffic.wait_for_more()
        deployment.run("kill", agent)
        traffic.wait_for_more(40)
        deployment.run("start", agent)
        traffic.wait_for_more()
        # the name resolves again and the agent listens: from some request on every trace is whole
        whole = wait_for(lambda: deployment.trace(traffic.answered[-1], seconds=1), _is_whole, 30)

    assert [] == traffic.failed
    assert _is_whole(whole)
    assert began == deployment.inspect(service)["State"]["StartedAt"]


def test_a_crashed_agent_comes_back_by_itself(deployment):
    """An agent whose process dies is restarted by the engine."""
    before = deployment.inspect("backend-agent")["RestartCount"]

    os.kill(deployment.process("backend-agent"), signal.SIGKILL)

    restarts = wait_for(
        lambda: deployment.inspect("backend-agent")["RestartCount"], lambda count: count > before
    )
    assert before + 1 == restarts


def test_what_was_answered_has_arrived_after_a_stop(deployment):
    """A stop in Compose's order under traffic loses no span of an answered request."""
    with Traffic(deployment) as traffic:
        traffic.wait_for_more(100)
        deployment.run("stop", "frontend", "backend", "frontend-agent", "backend-agent")

    missing = [
        identity
        for identity in traffic.answered
        if not _is_whole(deployment.trace(identity, seconds=2))
    ]
    assert 100 <= len(traffic.answered)
    assert [] == missing


def test_services_stop_before_their_agents(deployment):
    """If all are stopped at once, each service ends before its agent gets the signal."""
    deployment.run("stop", "frontend", "backend", "frontend-agent", "backend-agent")

    ended = {
        name: deployment.inspect(name)["State"]
        for name in ("frontend", "backend", "frontend-agent", "backend-agent")
    }
    assert {0} == {state["ExitCode"] for state in ended.values()}
    assert ended["frontend"]["FinishedAt"] < ended["frontend-agent"]["FinishedAt"]
    assert ended["backend"]["FinishedAt"] < ended["backend-agent"]["FinishedAt"]


def _is_whole(trace):
    return trace is not None and len(trace["spans"]) == 5
