"""The clone's docker-compose.yml on a real engine: what verify proves, and what it reports."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
import requests
from compose_deployment import sidecar, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

AGENTS = ("frontend-agent", "backend-agent")
AGENT_ROW = re.compile(
    r'<th scope="row">(\w+)</th>\s*<td>[\d.]+</td>(?:\s*<td class="number[^>]*>[\d,]+</td>){7}'
)
HOPS = ("client sent", "agent received", "agent submitted", "gateway accepted")


@contextmanager
def changed(deployment, before, after):
    """Run a Compose command for the length of a block, and the one that undoes it."""
    deployment.run(*before)
    try:
        yield
    finally:
        deployment.run(*after)


def test_every_hop_is_proven_for_every_service(deployment):
    """Each service reports; its marked spans are counted at each of the four hops; exit 0."""
    request = "http://localhost:8080/greet?name=Ada"
    hops, done = deployment.hops("--request", request, path_only=False)
    own = [hops[service, "service reports"] for service in ("backend", "frontend")]

    assert 0 == done.code, done.out
    assert [
        (service, hop) for service in ("backend", "frontend") for hop in ("service reports", *HOPS)
    ] == list(hops)
    assert ["backend-agent:6831", "frontend-agent:6831"] == [
        hop["details"]["agent"].partition(" ")[0] for hop in own
    ]
    assert all(hop["figure"] >= 2 for hop in own)
    assert {True} == {hop["ok"] for hop in hops.values()}
    counted = [hop for hop in hops.values() if hop["unit"] == "spans"]
    assert {200} == {hop["expected"] for hop in counted}
    assert all(hop["figure"] >= 200 for hop in counted)  # agents submit own spans, too
    assert {"ok", "marker", "hops", "trace_ids", "notes", "warnings"} == set(done.report)


def test_the_text_ends_with_the_verdict(deployment):
    """Without --output json a table is printed, and a sentence says what is proven."""
    done = deployment.verify("--spans", "50")

    assert "proven: every marked span arrived" == done.out.splitlines()[-1]
    assert "frontend  gateway accepted  50 of 50 spans  ok" in done.out


def test_a_request_is_one_trace_over_two_services(deployment):
    """The trace of one request has its spans in frontend and backend, through two agents."""
    trace = deployment.trace(deployment.greet())

    assert 5 == len(trace["spans"])
    assert {"frontend", "backend"} == {
        process["serviceName"] for process in trace["processes"].values()
    }


def test_the_page_shows_what_the_agents_counted(deployment):
    """The stand-in's page has each agent's own counters, and the service that it is for."""
    deployment.greet()

    found = wait_for(
        lambda: set(AGENT_ROW.findall(requests.get(f"{deployment.page}/live", timeout=10).text)),
        lambda services: services >= {"frontend", "backend"},
    )

    assert {"frontend", "backend"} <= found


def test_the_agent_adds_the_token_to_each_process(deployment):
    """Each process of a trace carries the token's tag, which the stand-in shows masked."""
    trace = deployment.trace(deployment.greet())

    tags = [
        {tag["key"]: tag["value"] for tag in process["tags"]}
        for process in trace["processes"].values()
    ]
    assert {"***"} == {process["Authentication"] for process in tags}


def test_a_wrong_token_is_named(deployment):
    """If the stand-in refuses a token, both sides count it, and verify names the token."""
    other = deployment.folder / "other.yaml"
    other.write_text('agent:\n  tags: "Authentication=not@the_token@expected"\n')
    other.chmod(0o444)
    before = deployment.counters()["spans"]["refused"]["wrong"]
    deployment.set(SIDECAR_TOKEN_FILE=str(other))
    try:
        deployment.up("--no-deps", *AGENTS)  # the path alone makes Compose replace them
        hops, done = deployment.hops("--spans", "20", "--seconds", "5")
    finally:
        deployment.set(SIDECAR_TOKEN_FILE=None)
        deployment.up("--no-deps", *AGENTS)

    failure = next(hop for hop in hops.values() if hop["ok"] is False)
    assert 1 == done.code
    assert "agent submitted" == failure["hop"]
    assert {"failed": 20} == failure["counts"]
    assert {"refused": 20} == hops["frontend", "gateway accepted"]["counts"]
    assert "the gateway refused the token" in failure["cause"]
    assert "sidecar token set" in failure["fix"]
    assert before + 40 <= deployment.counters()["spans"]["refused"]["wrong"]
    assert "the_token" not in done.out + done.err


def test_a_silent_gateway_is_named(deployment):
    """If the stand-in is paused, the spans wait in the agent, and verify says so."""
    assert deployment.trace(deployment.greet())  # both agents are connected

    with changed(deployment, ("pause", "gateway"), ("unpause", "gateway")):
        hops, done = deployment.hops("--spans", "20", "--seconds", "2")

    failure = next(hop for hop in hops.values() if hop["ok"] is False)
    assert (1, "agent submitted") == (done.code, failure["hop"])
    assert "wait in the agent: container" in failure["cause"]
    assert "part-paused" == failure["id"] == hops["frontend", "gateway accepted"]["id"]


def test_a_stopped_gateway_is_named(deployment):
    """Where the gateway is gone, the spans fail, and verify says which container is not there."""
    with changed(deployment, ("stop", "gateway"), ("start", "gateway")):
        hops, done = deployment.hops("--spans", "20", "--seconds", "10")

    failure = next(hop for hop in hops.values() if hop["ok"] is False)
    assert (1, "agent submitted") == (done.code, failure["hop"])
    assert "failed: container" in failure["cause"]
    assert "is exited" in hops["frontend", "gateway accepted"]["cause"]


def test_a_stopped_agent_is_named(deployment):
    """If an agent does not run, its hop fails; the other service's hops are still proven."""
    with changed(deployment, ("stop", "backend-agent"), ("start", "backend-agent")):
        hops, done = deployment.hops("--spans", "20")

    failed = [hop for hop in hops.values() if hop["ok"] is False]
    assert 1 == done.code
    assert [("backend", "agent received")] == [(hop["service"], hop["hop"]) for hop in failed]
    assert "is exited" in failed[0]["cause"]
    assert hops["frontend", "gateway accepted"]["ok"]


def test_what_does_not_run_is_said(deployment, tmp_path):
    """A deployment that was never started is an error that names the next step."""
    (tmp_path / "docker-compose.yml").write_bytes(
        (deployment.folder / "docker-compose.yml").read_bytes()
    )

    done = sidecar("verify", "--out", tmp_path, COMPOSE_PROJECT_NAME="e2e-never-started")

    assert 1 == done.code
    start = f"docker compose -f {tmp_path}/docker-compose.yml up --detach"
    assert f"runs no service of the kit. Run `{start}`" in done.err


def test_another_folders_deployment_is_not_proven_for_this_one(deployment, tmp_path):
    """Two folders of one project: the one that was not started reports whose containers run."""
    for name in ("docker-compose.yml", ".env", "local-agent.yaml"):
        (tmp_path / name).write_bytes((deployment.folder / name).read_bytes())

    done = sidecar("verify", "--out", tmp_path)

    assert 1 == done.code
    assert f"{deployment.project}: is taken: " in done.err
    assert f"runs from another folder, {deployment.folder}. Give `name:` in the spec" in done.err
