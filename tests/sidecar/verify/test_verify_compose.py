"""A look into a Compose project, with an engine in memory."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.short_lived import RunResult
from sidecar.errors import SidecarError
from sidecar.verify.compose.deployment import ComposeDeployment, deployment_of
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.look import ReplicaLook, Task

STARTED = datetime(2026, 11, 26, 1, tzinfo=timezone.utc).timestamp()
PROBED = {"started": 5, "sent": 5, "dropped": {}, "packets": 1, "trace_ids": ["t1"]}


class Containers:
    """The containers of one project: frontend with its agent, and the stand-in."""

    def __init__(self):
        self.status = dict.fromkeys(("frontend", "frontend-agent", "gateway"), "running")
        self.roles = {
            "frontend": {"sidecar-kit.role": "service", "sidecar-kit.service": "frontend"},
            "frontend-agent": {"sidecar-kit.role": "agent", "sidecar-kit.service": "frontend"},
            "gateway": {"sidecar-kit.role": "gateway"},
        }
        self.answer = RunResult(0, "{}", "")
        self.ran = []
        self.known = {}
        """Of each container, beyond what every one has."""

    def sweep(self, project):
        """Nothing was left behind."""

    def of_project(self, project):
        """Return them, as the engine does."""
        return [
            Container(name, name, project, name, state, "", "image")
            for name, state in self.status.items()
        ]

    def inspect(self, identity):
        """Return what is read of a container."""
        environment = ["JAEGER_AGENT_HOST=frontend-agent", "JAEGER_AGENT_PORT=6831", "OTHER=1"]
        state = {"Status": self.status[identity]}
        config = {"Labels": self.roles[identity], "Env": environment}
        known = self.known.get(identity, {})
        config |= known.get("Config", {})
        state |= known.get("State", {})
        return {**known, "Config": config, "State": state}

    def run(self, request):
        """Record the request, and return the answer."""
        self.ran.append(request)
        return self.answer

    def logs(self, identity, since=None, last=None):
        """Return a log that repeats the arguments; the last lines are prepared."""
        return self.known[identity]["log"] if last else f"{identity} since {since:.0f}"


class Engine:
    """An engine with containers only."""

    def __init__(self):
        self.containers = self.short_lived = Containers()


@pytest.fixture
def engine():
    """The engine of one test."""
    return Engine()


@pytest.fixture
def deployment(engine):
    """The project as verify sees it."""
    return ComposeDeployment(engine, "sidecar-local", "kit/gateway:1")


def prints(engine, data):
    """Let the next short-lived container print this."""
    engine.containers.answer = RunResult(0, json.dumps(data), "")


def test_services_are_known_by_their_label(deployment):
    """Whatever their names in Compose."""
    assert ["frontend"] == deployment.services()


def test_spans_are_sent_from_the_services_own_network(engine, deployment):
    """With the service's own variables for its agent, and no others."""
    prints(engine, PROBED)

    assert ClientCounts(5, 5, {}, 1, ("t1",)) == deployment.send("frontend", "m", 5)
    (request,) = engine.containers.ran
    assert ("kit/gateway:1", "container:frontend", ("python",)) == (
        request.image,
        request.network_mode,
        request.entrypoint,
    )
    assert {
        "JAEGER_AGENT_HOST": "frontend-agent",
        "JAEGER_AGENT_PORT": "6831",
    } == request.environment
    assert {"--service=frontend", "--spans=5", "--marker=m"} <= set(request.argv)


def test_an_agent_is_read_from_inside_its_network(engine, deployment):
    """The container may run as long as the reader waits, and a minute more."""
    prints(engine, {"packets_processed": 4, "spans_submitted": 200})

    assert AgentCounts(packets_processed=4, spans_submitted=200) == deployment.agent(
        "frontend", 200, 90
    )
    (request,) = engine.containers.ran
    assert ("container:frontend-agent", 150) == (request.network_mode, request.seconds)
    assert (
        "-m",
        "sidecar.verify.network.reader",
        "agent",
        "--settled=200",
        "--seconds=90",
    ) == request.argv


def test_two_agents_of_a_service_are_not_counted(engine):
    """The marked spans go to one of them, and nobody knows to which."""
    engine.containers.status["frontend-agent-2"] = "running"
    engine.containers.roles["frontend-agent-2"] = engine.containers.roles["frontend-agent"]
    deployment = ComposeDeployment(engine, "sidecar-local", "kit/gateway:1")

    with pytest.raises(SidecarError) as caught:
        deployment.agent("frontend")
    assert ("agents-doubled", "frontend agent") == (caught.value.id, caught.value.subject)
    assert "frontend-agent, frontend-agent-2" in caught.value.cause


def test_the_stand_in_is_read_from_inside_its_network(engine, deployment):
    """The marker's counts."""
    prints(engine, {"accepted": 5, "refused": 0, "distinct": 5, "dropped": 0})

    assert GatewayCounts(5, 0, 5) == deployment.gateway("m", 5, 1)
    assert "container:gateway" == engine.containers.ran[0].network_mode


def test_a_region_has_no_stand_in(engine):
    """A project without a gateway shows no counts."""
    del engine.containers.status["gateway"]

    assert (
        ComposeDeployment(engine, "sidecar-cn-shenzhen", "kit/gateway:1").gateway("m", 5, 1) is None
    )


def test_the_agents_log_is_that_since_verify_began(deployment):
    """Earlier failures are no cause."""
    log = deployment.agent_log("frontend")

    assert "frontend-agent since 1" == log[:22]


def test_a_project_without_services_is_an_error(engine):
    """Nothing of the kit runs: the message names the next step."""
    engine.containers.status = {}

    with pytest.raises(
        SidecarError,
        match=r"Compose project other: runs no service of the kit\. Run `docker comp",
    ):
        ComposeDeployment(engine, "other", "kit/gateway:1")


def test_a_container_that_does_not_run_is_named(engine, deployment):
    """With its name and its state."""
    engine.containers.status["frontend-agent"] = "exited"

    with pytest.raises(
        SidecarError,
        match=r"frontend-agent is exited, exit code 0\. See `docker compose ps`",
    ):
        deployment.agent("frontend")


@pytest.mark.parametrize(
    ("state", "cause", "rule"),
    [
        ({"Status": "paused"}, "container frontend-agent is paused", "part-paused"),
        (
            {"Status": "restarting", "ExitCode": 137, "OOMKilled": True},
            "container frontend-agent was killed above its memory limit, and restarted 3 times",
            "part-out-of-memory",
        ),
        (
            {"Status": "restarting", "ExitCode": 2},
            "container frontend-agent ended with exit code 2, and restarted 3 times",
            "part-crashing",
        ),
        (
            {"Status": "created", "Error": "no such file"},
            "container frontend-agent is created: no such file",
            "part-not-running",
        ),
    ],
)
def test_a_container_that_does_not_run_says_why(engine, deployment, state, cause, rule):
    """By what the engine knows of its last end."""
    engine.containers.known["frontend-agent"] = {"State": state, "RestartCount": 3, "log": ""}

    with pytest.raises(SidecarError) as caught:
        deployment.agent("frontend")
    assert (cause, rule) == (caught.value.cause, caught.value.id)


def test_an_agent_that_cannot_read_its_token_names_the_file(engine, deployment, tmp_path):
    """With its mode; the agent's own words would only be in a log that restarts."""
    file = tmp_path / "agent.yaml"
    file.touch(mode=0o600)
    engine.containers.known["frontend-agent"] = {
        "Config": {"Cmd": ["--config-file=/run/secrets/agent.yaml"]},
        "Mounts": [{"Destination": "/run/secrets/agent.yaml", "Source": str(file)}],
        "State": {"Status": "restarting", "ExitCode": 1},
        "log": "cannot load config file: open /run/secrets/agent.yaml: permission denied",
    }

    with pytest.raises(SidecarError) as caught:
        deployment.agent("frontend")
    assert f"{file}, mode 0600: the agent cannot read it" == caught.value.cause
    assert "token-file-closed-to-agent" == caught.value.id


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("exporter: invalid database", "collector-queue-damaged"),
        ("exporter: open /q: read-only file system", "collector-queue-not-writable"),
        ("listen udp :6831: address already in use", "part-crashing"),
    ],
)
def test_a_collector_that_cannot_open_its_queue_says_why(engine, deployment, words, rule):
    """By the end of its log; another reason is that of any program."""
    engine.containers.known["frontend-agent"] = {
        "Config": {"Labels": {"sidecar-kit.kind": "collector"}},
        "State": {"Status": "restarting", "ExitCode": 1},
        "RestartCount": 3,
        "log": f"Starting extensions...\nError: cannot start pipelines: {words}\n",
    }

    with pytest.raises(SidecarError) as caught:
        deployment.agent("frontend")
    assert rule == caught.value.id


def test_an_agent_that_ended_during_the_look_says_why(engine, deployment):
    """It runs again when its port does not answer; the engine knows how it ended."""
    engine.containers.answer = RunResult(1, "", "URLError: connection refused\n")
    engine.containers.known["frontend-agent"] = {
        "State": {"ExitCode": 0, "OOMKilled": True, "StartedAt": "9999-01-01T00:00:00.1Z"},
        "RestartCount": 1,
    }

    with pytest.raises(SidecarError) as caught:
        deployment.agent("frontend")
    assert "part-out-of-memory" == caught.value.id
    assert "part-out-of-memory" == deployment.restart("frontend").rule.id


def test_an_end_of_long_ago_explains_nothing(engine, deployment):
    """A container that runs since then."""
    engine.containers.known["frontend-agent"] = {
        "State": {"OOMKilled": True, "StartedAt": "2020-01-01T00:00:00.1Z"},
        "RestartCount": 1,
    }

    assert deployment.restart("frontend") is None


def test_an_agent_that_is_missing_is_named(engine):
    """The service is there, its agent is not."""
    del engine.containers.status["frontend-agent"]

    with pytest.raises(
        SidecarError, match=r"frontend agent: is not in the Compose project\. Render again"
    ):
        ComposeDeployment(engine, "sidecar-local", "kit/gateway:1").agent("frontend")


@pytest.mark.parametrize(
    ("printed", "cause"),
    [
        (
            RunResult(1, "", "Traceback\nURLError: connection refused\n"),
            "URLError: connection refused",
        ),
        (RunResult(1, "", ""), "it printed nothing"),
        (RunResult(0, "hello", "odd\n"), "odd"),
    ],
)
def test_a_failed_look_is_reported_in_one_line(engine, deployment, printed, cause):
    """By the last line of its output, never a traceback."""
    engine.containers.answer = printed

    with pytest.raises(SidecarError, match=f"frontend-agent: cannot be looked into: {cause}$"):
        deployment.agent("frontend")


class Compose:
    """A Compose with a prepared reading of any file."""

    def __init__(self, config):
        self._config = config

    def config(self, folder):
        """Return the file as data."""
        return self._config


@pytest.fixture
def reading(engine, monkeypatch):
    """Let verify find the engine, and a Compose that reads any file so."""

    def read(config):
        there = "sidecar.verify.compose.deployment"
        monkeypatch.setattr(f"{there}.connect", lambda: engine)
        monkeypatch.setattr(f"{there}.find_compose", lambda: Compose(config))

    return read


def test_the_project_is_the_one_compose_reads(reading, tmp_path):
    """Name and probe image come from the folder's file, variables resolved."""
    reading({"name": "sidecar-local", "x-sidecar": {"probe": "kit/gateway:1"}})

    assert ["frontend"] == deployment_of(tmp_path).services()


@pytest.mark.parametrize(
    "extra", [{}, {"x-sidecar": {}}, {"x-sidecar": "foo"}, {"x-sidecar": None}]
)
def test_another_compose_file_is_refused(reading, tmp_path, extra):
    """A file that the kit did not render names no probe."""
    reading({"name": "mine", **extra})

    with pytest.raises(
        SidecarError,
        match=r"docker-compose.yml: has no agent of the kit's\. Run `sidecar inject` for a stack",
    ):
        deployment_of(tmp_path)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ((1, "agent.yaml"), "was written after it started"),
        ((-1, "agent.yaml"), None),
        ((-1, "other.yaml"), "other.yaml"),
    ],
    ids=["written later", "written before", "another file"],
)
def test_a_token_that_the_running_agent_may_not_have_is_named(engine, reading, tmp_path, told, why):
    """An agent reads its token file once, and Compose replaces no agent for a new path."""
    written, named = told
    file = tmp_path / "agent.yaml"
    file.touch()
    os.utime(file, (STARTED + written, STARTED + written))
    engine.containers.known["frontend-agent"] = {
        "Config": {"Cmd": ["--config-file=/run/secrets/agent.yaml"]},
        "Mounts": [{"Destination": "/run/secrets/agent.yaml", "Source": str(file)}],
        "State": {"Status": "running", "StartedAt": "2026-11-26T01:00:00Z", "Pid": 0},
    }
    config = {
        "name": "sidecar-local",
        "x-sidecar": {"probe": "kit/gateway:1"},
        "secrets": {"agent": {"file": str(tmp_path / named)}},
    }
    reading(config)
    problem = deployment_of(tmp_path).doubt("frontend")

    assert (why and "agent-token-stale") == (problem and problem.rule.id)
    assert problem is None or problem.cause.endswith(why)


@pytest.fixture
def job(engine):
    """The project, whose service is a job that has ended."""
    engine.containers.roles["frontend"]["sidecar-kit.workload"] = "job"
    engine.containers.status["frontend"] = "exited"
    return ComposeDeployment(engine, "sidecar-local", "kit/gateway:1")


def test_the_path_of_a_job_that_has_ended_is_followed_from_its_agent(engine, job):
    """Its own network is gone; what it has left is known by its host name."""
    engine.containers.known["frontend"] = {"Config": {"Hostname": "0123abcd"}}
    prints(engine, PROBED)

    client, replicas = job.visit(Task("frontend", "m", 5, 1))
    assert (5, (ReplicaLook("frontend", "0123abcd", ended=True),)) == (client.sent, replicas)
    (request,) = engine.containers.ran
    assert "container:frontend-agent" == request.network_mode
    assert "frontend-agent" == request.environment["JAEGER_AGENT_HOST"]


def test_a_job_that_failed_is_a_service_that_does_not_run(engine, job):
    """What it had not sent is lost."""
    engine.containers.known["frontend"] = {"State": {"ExitCode": 3}}

    with pytest.raises(SidecarError, match="is exited, exit code 3"):
        job.send("frontend", "m", 5)


def test_a_service_that_ended_is_no_job(engine):
    """Without the label of the rendering, its end is a failure."""
    engine.containers.status["frontend"] = "exited"
    deployment = ComposeDeployment(engine, "sidecar-local", "kit/gateway:1")

    with pytest.raises(SidecarError, match="is exited, exit code 0"):
        deployment.send("frontend", "m", 5)


def test_a_job_that_ends_during_the_look_is_looked_at_again(engine):
    """Its spans are counted by another marker."""
    containers = engine.containers
    containers.roles["frontend"]["sidecar-kit.workload"] = "job"
    deployment = ComposeDeployment(engine, "sidecar-local", "kit/gateway:1")
    agent = {"packets_processed": 0, "spans_submitted": 0}
    answers = iter([agent, agent, PROBED, {**agent, "packets_processed": 1}])

    def run(request):
        """Answer as long as the job runs; it ends with its first visit."""
        containers.ran.append(request)
        if request.network_mode == "container:frontend":
            containers.status["frontend"] = "exited"
            return RunResult(1, "", "gone")
        return RunResult(0, json.dumps(next(answers)), "")

    containers.run = run
    look = deployment.look(Task("frontend", "m", 5, 1))

    assert (None, True) == (look.broken, look.replicas[0].ended)


def test_a_job_without_a_container_is_no_failure(engine, reading, tmp_path):
    """It may have run and been removed; a note says that nothing is known."""
    labels = {"sidecar-kit.role": "service", "sidecar-kit.workload": "job"}
    services = {"migrate": {"labels": {**labels, "sidecar-kit.service": "migrate"}}}
    reading({"name": "sidecar-local", "x-sidecar": {"probe": "i"}, "services": services})
    deployment = deployment_of(tmp_path)

    assert [] == deployment.absent()
    assert (
        "migrate: a job without a container; nothing is known of its spans",
    ) == deployment.notes
