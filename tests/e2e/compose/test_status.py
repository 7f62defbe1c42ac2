"""`sidecar verify --status` on a running deployment: read from outside, without a span."""

from __future__ import annotations

import pytest
from compose_deployment import sidecar, wait_for

from sidecar.tokens.check import fingerprint

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]


def status(deployment):
    """Return what the command shows, by service."""
    done = sidecar("verify", "--status", "--output", "json", "--out", deployment.folder)
    return {agent["service"]: agent for agent in done.report["agents"]}, done


def test_the_counters_and_the_token_of_running_agents_are_shown(deployment):
    """One request makes spans at both agents, and the stand-in shows when."""
    deployment.greet()

    def counted(shown):
        return all(agent["spans_submitted"] and agent["last_span"] for agent in shown[0].values())

    agents, done = wait_for(lambda: status(deployment), counted)
    text = (deployment.folder / "local-agent.yaml").read_text()
    token = text.partition("Authentication=")[2].split('"')[0].strip()
    assert 0 == done.code
    assert ["backend", "frontend"] == sorted(agents)
    for agent in agents.values():
        assert ("running", True, 0, 0, fingerprint(token)) == (
            agent["state"],
            agent["connected"],
            agent["spans_failed"],
            agent["kernel_drops"],
            agent["token"],
        )
    assert token not in done.out


def test_an_agent_that_was_stopped_is_an_error(deployment):
    """Its services run on; only the agent's state tells."""
    deployment.run("stop", "backend-agent")
    agents, done = status(deployment)

    assert (1, "exited", "running") == (
        done.code,
        agents["backend"]["state"],
        agents["frontend"]["state"],
    )
    assert ["agent-stopped"] == [
        finding["id"] for finding in done.report["findings"] if finding["subject"] == "backend"
    ]
