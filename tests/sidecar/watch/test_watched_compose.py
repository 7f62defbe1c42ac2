"""The agents of a Compose project, with an engine in memory: another machine's containers."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.short_lived import RunResult
from sidecar.errors import SidecarError
from sidecar.tokens.check import fingerprint
from sidecar.verify.compose import token_files
from sidecar.verify.counts import AgentCounts
from sidecar.watch import bundle
from sidecar.watch.compose import ComposeAgents
from sidecar.watch.evidence import Evidence
from sidecar.watch.status import findings

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
STARTED = "2026-11-26T01:00:00.5Z"
COUNTS = AgentCounts(packets_processed=4, spans_submitted=200, kernel_drops=2)


class Forbidden(type(Path())):
    """A path that this user may not look at: these tests may run as root, who may."""

    def samefile(self, other):
        """Refuse."""
        raise PermissionError(13, "Permission denied", str(self))

    def read_bytes(self):
        """Refuse."""
        self.samefile(self)


class Containers:
    """The containers of one project: name → role, service, status."""

    def __init__(self, source):
        self.parts = {
            "web": ("service", "web", "running"),
            "web-agent": ("agent", "web", "running"),
        }
        self.source = str(source)
        self.answer = RunResult(0, json.dumps(asdict(COUNTS)), "")
        self.ran = []

    def of_project(self, project):
        """Return them, as the engine does."""
        return [
            Container(name, name, project, name, status, "", "image")
            for name, (_, _, status) in self.parts.items()
        ]

    def inspect(self, identity):
        """Return what is read of a container."""
        role, service, status = self.parts[identity]
        return {
            "Id": identity,
            "Name": f"/{identity}",
            "RestartCount": 1,
            "Config": {
                "Labels": {"sidecar-kit.role": role, "sidecar-kit.service": service},
                "Env": [f"TRACING_TOKEN={TOKEN}", f"JAEGER_TAGS=a={TOKEN}"],
                "Cmd": ["--config-file=/run/secrets/agent.yaml", f"--tags=Authentication={TOKEN}"],
            },
            "State": {"Status": status, "StartedAt": STARTED, "OOMKilled": False, "Pid": 0},
            "Mounts": [{"Source": self.source, "Destination": "/run/secrets/agent.yaml"}],
            "NetworkSettings": {"Networks": {}},
        }

    def run(self, request):
        """Record the request, and return the answer."""
        self.ran.append(request)
        return self.answer


class Engine:
    """An engine with containers only."""

    def __init__(self, source):
        self.containers = self.short_lived = Containers(source)


@pytest.fixture
def token_file(tmp_path):
    """The token file, written before the agent started."""
    path = tmp_path / "agent.yaml"
    path.write_text(f'agent:\n  tags: "Authentication={TOKEN}"\n')
    os.utime(path, (0, 0))
    return path


@pytest.fixture
def engine(token_file):
    """The engine of one test."""
    return Engine(token_file)


@pytest.fixture
def config(token_file):
    """The Compose file, as Compose reads it."""
    return {
        "name": "shop",
        "x-sidecar": {"probe": "kit/gateway:1"},
        "secrets": {"agent": {"file": str(token_file)}},
    }


@pytest.fixture
def agents(engine, config, tmp_path):
    """The project's agents."""
    return ComposeAgents(engine, config, tmp_path)


def test_an_agent_of_another_machine_is_read_in_its_network(engine, agents):
    """In a short-lived container, as verify does."""
    (agent,) = agents.read()

    assert ("web", "web-agent", "running", 1, COUNTS) == (
        agent.service,
        agent.name,
        agent.state,
        agent.restarts,
        agent.counts,
    )
    (request,) = engine.containers.ran
    assert ("kit/gateway:1", "container:web-agent") == (request.image, request.network_mode)


def test_an_agent_that_does_not_answer_has_a_cause(engine, agents):
    """The last line of what the reader says."""
    engine.containers.answer = RunResult(1, "", "trace\nURLError: timed out")
    (agent,) = agents.read()

    assert (None, "URLError: timed out") == (agent.counts, agent.cause)


def test_an_agent_that_does_not_run_is_not_read(engine, agents):
    """Its state says why."""
    engine.containers.parts["web-agent"] = ("agent", "web", "exited")
    (agent,) = agents.read()

    assert ("exited", None, []) == (agent.state, agent.counts, engine.containers.ran)


def test_a_service_without_an_agent_is_a_line(engine, agents):
    """Although no container is there to ask."""
    del engine.containers.parts["web-agent"]

    (agent,) = states = agents.read()

    assert ("web", "without an agent") == (agent.service, agent.state)
    (finding,) = findings(states)
    assert ("missing-part", "web has no agent") == (finding.id, finding.cause.split(";")[0])


@pytest.mark.parametrize(("replicas", "expected"), [(2, ["api"]), (0, [])])
def test_a_service_of_the_compose_file_without_a_container_is_a_line(
    engine, config, tmp_path, replicas, expected
):
    """Neither it nor its agent is there; one that is scaled to 0 should not be."""
    labels = {"sidecar-kit.role": "service", "sidecar-kit.service": "api"}
    config["services"] = {"api": {"labels": labels, "deploy": {"replicas": replicas}}}
    agents = ComposeAgents(engine, config, tmp_path)

    missing = [agent.service for agent in agents.read() if agent.state == "without a container"]
    assert expected == missing
    assert expected == [one.subject for one in findings(agents.read_all()) if one.subject != "web"]
    engine.containers.parts.clear()
    assert [] == agents.read()


def test_nothing_is_left_of_a_removed_project(engine, agents):
    """A watch gets an empty list, and status an error."""
    engine.containers.parts.clear()

    assert [] == agents.read()
    with pytest.raises(SidecarError, match="runs no service of the kit"):
        agents.read_all()


def test_the_tokens_fingerprint_is_that_of_the_mounted_file(agents):
    """The token itself is nowhere in what is known."""
    (agent,) = agents.read_all()

    assert (fingerprint(TOKEN), "") == (agent.token.fingerprint, agent.token.stale)
    assert TOKEN not in repr(agent)


def test_a_token_file_that_is_newer_than_the_agent_is_reported(agents, token_file):
    """The agent reads it only when it starts."""
    os.utime(token_file)
    (agent,) = agents.read_all()

    assert agent.token.stale.endswith("was written after it started")


def test_a_mounted_token_file_that_this_user_may_not_see_is_no_copy(
    agents, token_file, monkeypatch
):
    """Another user's container, whose root only its owner and root may enter."""
    os.utime(token_file)
    monkeypatch.setattr(token_files, "_mounted", lambda _: Forbidden(token_file))
    (agent,) = agents.read_all()

    assert agent.token.stale.endswith("was written after it started")


def test_an_agent_with_another_file_than_the_compose_file_names_is_reported(
    engine, agents, tmp_path
):
    """As after a new path in SIDECAR_TOKEN_FILE, which `up` does not see."""
    engine.containers.source = str(tmp_path / "agent.yaml")
    agents._config["secrets"]["agent"]["file"] = "/elsewhere/agent.yaml"
    (agent,) = agents.read_all()

    assert agent.token.stale.endswith("the Compose file names /elsewhere/agent.yaml")


def test_a_token_that_cannot_be_read_is_unknown(engine, agents):
    """A folder of another user."""
    engine.containers.source = "/none/agent.yaml"
    (agent,) = agents.read_all()

    assert agent.token is None


def test_a_bundle_of_a_project_holds_no_token_from_odd_places(engine, agents, tmp_path):
    """From a service's environment and arguments, an agent's log, and the rendered file."""
    (tmp_path / "docker-compose.yml").write_text(f"x-old: Authentication={TOKEN}\nname: shop\n")
    engine.version = engine.api_version = "1"
    engine.containers.logs = lambda identity, since: f"panic: {TOKEN[10:]}\n{identity} {TOKEN}\n"
    evidence = Evidence()
    agents.collect(evidence)
    bundle.write(tmp_path / "b.tar.gz", evidence.files, evidence.tokens)

    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        texts = {name: archive.extractfile(name).read().decode() for name in archive.getnames()}
    assert {TOKEN} == evidence.tokens
    assert [
        "deployment.json",
        "engine.json",
        "logs/web-agent.log",
        "plan.json",
        "rendered/docker-compose.yml",
    ] == sorted(name.removeprefix("sidecar-bundle/") for name in texts)
    for piece in TOKEN.replace("_", "@").split("@")[1::2]:
        assert [] == [name for name, text in texts.items() if piece in text]
    (service,) = json.loads(texts["sidecar-bundle/deployment.json"])[:1]
    assert {"JAEGER_TAGS": "a=***", "TRACING_TOKEN": None} == service["environment"]


def test_a_bundle_of_a_users_stack_holds_the_overlay_and_not_their_file(agents, engine, tmp_path):
    """Their file may hold anything; the overlay, only what the kit wrote."""
    overlay = '# Rendered by sidecar\nx-sidecar:\n  files: ["docker-compose.yml"]\n'
    (tmp_path / "docker-compose.yml").write_text("services: {db: {command: hunter2}}\n")
    (tmp_path / "docker-compose.tracing.yml").write_text(overlay)
    engine.version = engine.api_version = "1"
    engine.containers.logs = lambda identity, since: ""
    evidence = Evidence()
    agents.collect(evidence)

    assert overlay == evidence.files["rendered/docker-compose.tracing.yml"]
    assert "hunter2" not in str(evidence.files)


def test_a_bundle_holds_the_plan_that_the_compose_file_shows(config, engine, tmp_path):
    """Services with their agents' arguments; other variables by name."""
    labels = {"sidecar-kit.service": "web"}
    config["services"] = {
        "web": {
            "image": "shop/web:1",
            "labels": {**labels, "sidecar-kit.role": "service"},
            "environment": {"JAEGER_AGENT_HOST": "web-agent", "DATABASE": "postgres://u:pw@db"},
            "deploy": {"replicas": 2},
        },
        "web-agent": {
            "image": "agent:1",
            "labels": {**labels, "sidecar-kit.role": "agent"},
            "command": ["--config-file=/run/secrets/agent.yaml"],
        },
    }
    engine.version = engine.api_version = "1"
    engine.containers.logs = lambda identity, since: ""
    evidence = Evidence()
    ComposeAgents(engine, config, tmp_path).collect(evidence)
    plan = json.loads(evidence.files["plan.json"])

    assert ("shop", config["secrets"]["agent"]["file"]) == (plan["project"], plan["token_file"])
    (web,) = plan["services"]
    assert {"JAEGER_AGENT_HOST": "web-agent", "DATABASE": None} == web["environment"]
    assert (2, "agent:1") == (web["replicas"], web["agent"]["image"]["name"])
    assert ["--config-file=/run/secrets/agent.yaml"] == web["agent"]["argv"]
