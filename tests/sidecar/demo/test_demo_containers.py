"""The demo in containers, with a small program as Compose and an engine in memory."""

from __future__ import annotations

import json
import os
import socket
import sys
from types import SimpleNamespace

import pytest

from sidecar.demo import containers
from sidecar.engine.compose import Compose
from sidecar.engine.containers import Container
from sidecar.engine.project import CONFIG_FILES, WORKING_DIR
from sidecar.errors import SidecarError

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"
PROGRAM = """\
import json, os, signal, sys
arguments = sys.argv[sys.argv.index("-f") + 2:]
ports = {name: value for name, value in os.environ.items() if name.startswith("SIDECAR_PORT_")}
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([arguments, ports]), file=calls)
if {"up", "down"} & set(arguments):
    assert "true" == os.environ["COMPOSE_IGNORE_ORPHANS"]
if "config" in arguments:
    print('{"name": "sidecar-local", "services": {"frontend": {}, "gateway": {}}}')
elif "port" in arguments:
    print({"frontend": "127.0.0.1:28080", "gateway": "127.0.0.1:28081"}[arguments[1]])
elif "down" in arguments:
    for line in ("Container a-1  Stopped", "Container a-1  Removed", "Network a_x  Removed"):
        print("", line, file=sys.stderr)
elif os.environ.get("UP") == "fails":
    for line in ("Network a_x  Creating", "Network a_x  Created", "Container a-1  Starting"):
        print("", line, file=sys.stderr)
    sys.exit(os.environ["WORDS"])
elif os.environ.get("UP") == "interrupted":
    os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
"""


@pytest.fixture
def compose(tmp_path, monkeypatch):
    """A Compose that records its calls."""
    (tmp_path / "compose.py").write_text(PROGRAM)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    for variable in (
        containers.FRONTEND.variable,
        containers.PAGE.variable,
        "COMPOSE_IGNORE_ORPHANS",
    ):
        monkeypatch.delenv(variable, raising=False)
        # what the code sets is removed after the test
        monkeypatch.setitem(os.environ, variable, "0")
        del os.environ[variable]
    return Compose((sys.executable, str(tmp_path / "compose.py")), "2.40.3")


@pytest.fixture(autouse=True)
def _free_ports(monkeypatch):
    """Let the sample's ports be free, whatever runs on this machine."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        frontend, page = one.getsockname()[1], other.getsockname()[1]
    monkeypatch.setattr(
        containers, "FRONTEND", containers.Published("frontend", frontend, "SIDECAR_PORT_FRONTEND")
    )
    monkeypatch.setattr(
        containers, "PAGE", containers.Published("gateway", page, "SIDECAR_PORT_GATEWAY")
    )


@pytest.fixture
def calls(tmp_path):
    """Return the calls of Compose: [arguments, ports], in order."""
    return lambda: [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]


def container(service, status="running", health=""):
    """Return a container of the sample."""
    return Container(service, service, "sidecar-local", service, status, health, "image")


def engine(*running, labels=None, after=()):
    """Return an engine that runs these services, and has the containers `after` a first look."""
    looks = iter([[container(name) for name in running]])

    def inspect(_identity):
        return {"Config": {"Labels": labels}}

    def logs(identity):
        return f"{identity} says\nsecret: Authentication={TOKEN}\n"

    containers = SimpleNamespace(
        of_project=lambda _: next(looks, list(after)), inspect=inspect, logs=logs
    )
    return SimpleNamespace(containers=containers)


@pytest.fixture
def taken():
    """A port of loopback on which a listener runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def up(tmp_path, compose, found=()):
    """Start; return the URLs and the messages."""
    messages = []
    return containers.up(tmp_path, engine(*found), compose, messages.append), messages


def test_it_answers_where_compose_published_it(tmp_path, compose, calls):
    """Nothing is built, and everything must be healthy."""
    running, _ = up(tmp_path, compose)
    arguments = next(arguments for arguments, _ in calls() if "up" in arguments)

    assert ("http://127.0.0.1:28080", "http://127.0.0.1:28081") == (running.frontend, running.page)
    assert {"--detach", "--wait", "--no-build"} <= set(arguments)


def test_a_taken_port_is_replaced(tmp_path, compose, calls, taken, monkeypatch):
    """Compose gets another by the file's variable; the message names the first one's holder."""
    monkeypatch.setattr(
        containers, "FRONTEND", containers.Published("frontend", taken, "SIDECAR_PORT_FRONTEND")
    )
    _, messages = up(tmp_path, compose)
    ports = next(ports for arguments, ports in calls() if "up" in arguments)

    assert [f"frontend: port {taken} is taken by"] == [
        line.partition(" by ")[0] + " by" for line in messages
    ]
    assert f"using {ports['SIDECAR_PORT_FRONTEND']}" == messages[0].partition("; ")[2]


def test_a_port_of_the_users_choice_stays(tmp_path, compose, calls, taken, monkeypatch):
    """A variable of the environment is not changed."""
    monkeypatch.setattr(
        containers, "FRONTEND", containers.Published("frontend", taken, "SIDECAR_PORT_FRONTEND")
    )
    monkeypatch.setenv("SIDECAR_PORT_FRONTEND", str(taken))
    _, messages = up(tmp_path, compose)

    assert [] == messages
    assert (
        str(taken)
        == next(ports for arguments, ports in calls() if "up" in arguments)["SIDECAR_PORT_FRONTEND"]
    )


def test_what_runs_keeps_its_ports(tmp_path, compose, calls):
    """A second start does not move running containers to other ports."""
    up(tmp_path, compose, ("frontend", "gateway"))
    ports = next(ports for arguments, ports in calls() if "up" in arguments)

    assert {"SIDECAR_PORT_FRONTEND": "28080", "SIDECAR_PORT_GATEWAY": "28081"} == ports


def test_an_interrupted_start_is_undone(tmp_path, compose, calls, monkeypatch):
    """Ctrl-C removes the new containers; earlier ones stay."""
    monkeypatch.setenv("UP", "interrupted")
    with pytest.raises(KeyboardInterrupt):
        up(tmp_path, compose)
    assert "down" in calls()[-1][0]

    with pytest.raises(KeyboardInterrupt):
        up(tmp_path, compose, ("frontend", "gateway"))
    assert "up" in calls()[-1][0]


@pytest.fixture
def fail(tmp_path, compose, monkeypatch):
    """Start with a Compose that fails with this message; return the error and the messages."""

    def start(found, words):
        monkeypatch.setenv("UP", "fails")
        monkeypatch.setenv("WORDS", words)
        messages = []
        with pytest.raises(SidecarError) as caught:
            containers.up(tmp_path, found, compose, messages.append)
        return str(caught.value), messages

    return start


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "Container a-1  Error\nError response from daemon: No such image: no/pe:9",
            "No such image: no/pe:9. Unset SIDECAR_GATEWAY_IMAGE, or name an image that exists",
        ),
        (
            "Error: No such image: other:1",
            "Error: No such image: other:1. Run `sidecar images`",
        ),
        (
            "Error response from daemon: pull access denied for own/image, it does not exist",
            "pull access denied for own/image, it does not exist. Run `sidecar images`",
        ),
        (
            "Error response from daemon: Bind for :8080 failed: port is already allocated",
            (
                "Bind for :8080 failed: port is already allocated. "
                "Free the port, or stop the program that holds it"
            ),
        ),
        ("something new", "something new"),
    ],
)
def test_a_failed_start_is_reported_and_undone(fail, calls, monkeypatch, words, message):
    """With cause and fix, without Compose's progress; what was started is removed."""
    monkeypatch.setenv("SIDECAR_GATEWAY_IMAGE", "no/pe:9")
    error, messages = fail(engine(), words)

    assert f"demo: {message}" == error
    assert ["failed: removing what was started"] == messages
    assert "down" in calls()[-1][0]


@pytest.mark.parametrize(
    ("status", "health", "cause"),
    [
        ("exited", "", "gateway is exited"),
        ("restarting", "", "gateway is restarting"),
        ("running", "unhealthy", "gateway is unhealthy"),
        ("running", "starting", "gateway is starting"),
    ],
)
def test_the_log_of_the_failed_container_is_printed(fail, status, health, cause):
    """Its end comes first, without a token: it is removed with the container."""
    after = [container("frontend", "created"), container("gateway", status, health)]
    error, messages = fail(engine(after=after), "container a-1 is unhealthy")

    assert f"demo: {cause}. See its log, above" == error
    assert "the end of gateway's log:\n    gateway says\n" in messages[0]
    assert "53df7ad2afe8301" not in messages[0]


def test_a_log_that_cannot_be_read_is_reported(fail):
    """The cause is still named."""
    found = engine(after=[container("gateway", "exited")])

    def gone(_identity):
        raise SidecarError("gateway", "is gone")

    found.containers.logs = gone
    error, messages = fail(found, "failed")

    assert "demo: gateway is exited. See its log, above" == error
    assert "gateway: is gone" in messages[0]


def test_what_ran_before_a_failed_start_stays(fail, calls):
    """Only a first start is undone."""
    _, messages = fail(engine("frontend", "gateway"), "something new")

    assert [] == messages
    assert not [arguments for arguments, _ in calls() if "down" in arguments]


def test_down_returns_what_it_removed(tmp_path, compose, calls):
    """Containers, networks and volumes, but no other containers with the project's name."""
    assert ["Container a-1", "Network a_x"] == containers.down(tmp_path, engine(), compose)
    assert {"down", "--volumes"} <= set(calls()[-1][0])
    assert "--remove-orphans" not in calls()[-1][0]


def test_another_folders_sample_is_neither_replaced_nor_removed(tmp_path, compose, calls):
    """A second clone names the folder of the first, and the fix."""
    other = tmp_path / "other/docker-compose.yml"
    other.parent.mkdir()
    other.touch()
    (tmp_path / "docker-compose.yml").touch()
    labels = {WORKING_DIR: str(other.parent), CONFIG_FILES: str(other)}

    for act in (
        lambda found: containers.up(tmp_path, found, compose, print),
        lambda found: containers.down(tmp_path, found, compose),
        lambda found: containers.runs(tmp_path, found, compose),
    ):
        with pytest.raises(
            SidecarError,
            match=r"runs from another folder, .*/other\. Stop it there .*COMPOSE_PROJECT",
        ):
            act(engine("frontend", labels=labels))
    assert {"config"} == {arguments[0] for arguments, _ in calls()}


def test_a_running_container_means_that_it_runs(tmp_path, compose):
    """Without one it does not run."""
    assert containers.runs(tmp_path, engine("frontend"), compose)
    assert not containers.runs(tmp_path, engine(), compose)
