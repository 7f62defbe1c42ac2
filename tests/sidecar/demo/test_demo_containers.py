"""The demonstration in containers, against a Compose that is a small program and an engine made by hand."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace

import pytest

from sidecar.demo import containers
from sidecar.engine.compose import Compose
from sidecar.engine.errors import ComposeFailedError

PROGRAM = """\
import json, os, signal, sys
arguments = sys.argv[sys.argv.index("-f") + 2:]
ports = {name: value for name, value in os.environ.items() if name.startswith("SIDECAR_PORT_")}
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps([arguments, ports]), file=calls)
if "config" in arguments:
    print('{"name": "sidecar-local"}')
elif "port" in arguments:
    print({"frontend": "127.0.0.1:28080", "gateway": "127.0.0.1:28081"}[arguments[1]])
elif "down" in arguments:
    print(" Container a-1  Stopped\\n Container a-1  Removed\\n Network a_x  Removed", file=sys.stderr)
elif os.environ.get("UP") == "fails":
    sys.exit("container a-1 is unhealthy")
elif os.environ.get("UP") == "interrupted":
    os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
"""


@pytest.fixture
def compose(tmp_path, monkeypatch):
    """A Compose that writes down how it was called."""
    (tmp_path / "compose.py").write_text(PROGRAM)
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    for published in (containers.FRONTEND, containers.PAGE):
        monkeypatch.delenv(published.variable, raising=False)
        # what the code sets is taken back after the test
        monkeypatch.setitem(os.environ, published.variable, "0")
        del os.environ[published.variable]
    return Compose((sys.executable, str(tmp_path / "compose.py")), "2.40.3")


@pytest.fixture(autouse=True)
def _free_page(monkeypatch):
    """The page's port is free, whatever runs on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setattr(containers, "PAGE", containers.Published("gateway", port, "SIDECAR_PORT_GATEWAY"))


@pytest.fixture
def calls(tmp_path):
    """Return how Compose was called: [arguments, ports], in order."""
    import json

    return lambda: [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]


def engine(*running):
    """Return an engine in which these services run."""
    found = [SimpleNamespace(service=name, status="running") for name in running]
    return SimpleNamespace(containers=SimpleNamespace(of_project=lambda project: found))


@pytest.fixture
def taken():
    """A listener on a port of loopback that is taken thereby."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def up(tmp_path, compose, found=()):
    """Start; return where it answers and what was said."""
    said = []
    return containers.up(tmp_path, engine(*found), compose, said.append), said


def test_it_answers_where_compose_published_it(tmp_path, compose, calls):
    """The addresses are Compose's own; nothing is built, and all must be healthy."""
    running, _ = up(tmp_path, compose)
    arguments = next(arguments for arguments, _ in calls() if "up" in arguments)

    assert ("http://127.0.0.1:28080", "http://127.0.0.1:28081") == (running.frontend, running.page)
    assert {"--detach", "--wait", "--no-build"} <= set(arguments)


def test_a_taken_port_is_replaced(tmp_path, compose, calls, taken, monkeypatch):
    """Another one is given to Compose through the file's variable, and it is said who holds the first."""
    monkeypatch.setattr(containers, "FRONTEND", containers.Published("frontend", taken, "SIDECAR_PORT_FRONTEND"))
    _, said = up(tmp_path, compose)
    ports = next(ports for arguments, ports in calls() if "up" in arguments)

    assert [f"frontend: port {taken} is taken by"] == [line.partition(" by ")[0] + " by" for line in said]
    assert f"using {ports['SIDECAR_PORT_FRONTEND']}" == said[0].partition("; ")[2]


def test_a_port_of_the_users_choice_stays(tmp_path, compose, calls, taken, monkeypatch):
    """What the environment says already is not changed."""
    monkeypatch.setattr(containers, "FRONTEND", containers.Published("frontend", taken, "SIDECAR_PORT_FRONTEND"))
    monkeypatch.setenv("SIDECAR_PORT_FRONTEND", str(taken))
    _, said = up(tmp_path, compose)

    assert [] == said
    assert str(taken) == next(ports for arguments, ports in calls() if "up" in arguments)["SIDECAR_PORT_FRONTEND"]


def test_what_runs_keeps_its_ports(tmp_path, compose, calls):
    """A second start does not move running containers to other ports."""
    up(tmp_path, compose, ("frontend", "gateway"))
    ports = next(ports for arguments, ports in calls() if "up" in arguments)

    assert {"SIDECAR_PORT_FRONTEND": "28080", "SIDECAR_PORT_GATEWAY": "28081"} == ports


def test_an_interrupted_start_is_taken_back(tmp_path, compose, calls, monkeypatch):
    """Ctrl-C while containers start removes them; those that ran before stay."""
    monkeypatch.setenv("UP", "interrupted")
    with pytest.raises(KeyboardInterrupt):
        up(tmp_path, compose)
    assert "down" in calls()[-1][0]

    with pytest.raises(KeyboardInterrupt):
        up(tmp_path, compose, ("frontend", "gateway"))
    assert "up" in calls()[-1][0]


def test_a_failed_start_is_told_and_left_for_its_logs(tmp_path, compose, calls, monkeypatch):
    """Compose's own words are shown; the containers stay."""
    monkeypatch.setenv("UP", "fails")
    with pytest.raises(ComposeFailedError, match="container a-1 is unhealthy"):
        up(tmp_path, compose)
    assert "up" in calls()[-1][0]


def test_down_tells_what_it_removed(tmp_path, compose, calls):
    """Containers and networks by name, volumes with them."""
    assert ["Container a-1", "Network a_x"] == containers.down(tmp_path, compose)
    assert {"down", "--volumes", "--remove-orphans"} <= set(calls()[-1][0])
