"""`sidecar verify --status` and `--watch` on a running deployment: no span is sent."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest
from compose_deployment import Traffic, deployed, sidecar, wait_for

from sidecar.secrecy import child_environment
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


def test_a_gateway_that_stops_breaks_the_budget_at_the_agents(deployment):
    """The watch ends by itself, names the hop, and exits 1."""
    with watching(deployment) as watched, Traffic(deployment) as traffic:
        traffic.wait_for_more()
        deployment.run("stop", "gateway")
        out, _ = watched.communicate(timeout=60)

    verdict = json.loads(out.splitlines()[-1])
    assert (1, "agent submitted", ["loss-budget-exceeded"]) == (
        watched.returncode,
        verdict["hop"],
        [finding["id"] for finding in verdict["findings"]],
    )


def test_a_removed_deployment_ends_its_watch(new_deployment):
    """With a verdict, not with a hang or a traceback."""
    with deployed(new_deployment("watched")) as own:
        own.set()
        own.up("backend")
        with watching(own) as watched:
            own.down()
            out, _ = watched.communicate(timeout=60)

    (finding,) = json.loads(out.splitlines()[-1])["findings"]
    assert (1, "deployment-removed") == (watched.returncode, finding["id"])


@contextmanager
def watching(deployment):
    """Run a watch that has begun; it is ended after the block."""
    command = ("verify", "--watch", "--every=1s", "--output=json", "--out", deployment.folder)
    with subprocess.Popen(
        [sys.executable, "-m", "sidecar", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    ) as process:
        try:
            assert "watching Compose project" in process.stderr.readline()
            yield process
        finally:
            process.kill()
