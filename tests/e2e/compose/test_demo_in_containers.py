"""`sidecar demo` from the checkout itself, with a project and ports of the test's own."""

from __future__ import annotations

import re
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from functools import partial

import pytest
import requests
from compose_deployment import free_port, sidecar, wait_for

from sidecar.secrecy import child_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(900)]


@pytest.fixture
def project(checkout, engine, compose, images):
    """Settings for a project of its own; whatever it left is removed."""
    settings = {
        "COMPOSE_PROJECT_NAME": f"e2e-{secrets.token_hex(4)}",
        "SIDECAR_PORT_FRONTEND": str(free_port()),
        "SIDECAR_PORT_GATEWAY": str(free_port()),
    }
    yield settings
    argv = [
        *compose.program,
        "-p",
        settings["COMPOSE_PROJECT_NAME"],
        "down",
        "--volumes",
        "--timeout=3",
    ]
    subprocess.run(argv, check=True, capture_output=True)


def left(engine, project):
    """Return the names of containers, networks and volumes that carry the project's name."""
    name = project["COMPOSE_PROJECT_NAME"]
    label = f"label=com.docker.compose.project={name}"
    found = [container.name for container in engine.containers.of_project(name)]
    for kind in ("network", "volume"):
        listed = subprocess.run(
            ["docker", kind, "ls", "--quiet", "--filter", label],
            check=True,
            capture_output=True,
            text=True,
        )
        found += listed.stdout.split()
    return found


def test_a_demo_from_the_checkout_proves_itself(engine, project, tmp_path, monkeypatch):
    """The demo shows hops, tree, page and how to stop it; --down removes everything."""
    monkeypatch.chdir(tmp_path)
    done = sidecar("demo", **project)
    again = sidecar("demo", **project)

    assert (0, 0) == (done.code, again.code), done.err + again.err
    assert 10 == len(re.findall(r"^(?:backend|frontend) .* ok$", done.out, re.MULTILINE))
    assert "proven: every marked span arrived" in done.out
    assert 4 <= len(re.findall(r"^.*(?:frontend|backend)  .*\d ms$", done.out, re.MULTILINE))
    assert f"page      http://127.0.0.1:{project['SIDECAR_PORT_GATEWAY']}" in done.out
    assert requests.get(f"http://127.0.0.1:{project['SIDECAR_PORT_GATEWAY']}", timeout=5).ok

    removed = sidecar("demo", "--down", **project)
    assert 0 == removed.code
    assert "frontend-agent-1" in removed.err
    assert [] == left(engine, project)
    assert "demo: nothing was running\n" == sidecar("demo", "--down", **project).err


def listens(listener, port):
    """Listen on a port of loopback; tell whether that was possible."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return True
    return False


def test_taken_ports_are_replaced(engine, project, tmp_path, monkeypatch):
    """By default the demo uses the documented ports, or others if those are taken."""
    monkeypatch.chdir(tmp_path)
    unset = {name: value for name, value in project.items() if "PORT" not in name}
    with socket.socket() as frontend, socket.socket() as page:
        for listener, port in ((frontend, 8080), (page, 16686)):
            # the demo of a test that runs beside this one may have it for a moment
            assert wait_for(partial(listens, listener, port), bool, 90)
        done = sidecar("demo", "--target", "compose", **unset)

    assert 0 == done.code, done.err
    assert {("frontend", "8080"), ("gateway", "16686")} == set(
        re.findall(r"demo: (\w+): port (\d+) is taken by python", done.err)
    )
    assert 0 == sidecar("demo", **unset).code


def start(project, folder):
    """Start a demo that can be interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "sidecar", "demo", "--target", "compose"],
        cwd=folder,
        env={**child_environment(), **project},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_failed_start_leaves_nothing(engine, project, tmp_path, monkeypatch):
    """An image that is nowhere: cause and fix in one line, and not even a network is left."""
    monkeypatch.chdir(tmp_path)
    done = sidecar("demo", **project, SIDECAR_GATEWAY_IMAGE="sidecar-kit/nope:9")

    assert 1 == done.code
    assert "demo: failed: removing what was started" in done.err
    fix = "Unset SIDECAR_GATEWAY_IMAGE, or name an image that exists"
    assert f"sidecar: demo: No such image: sidecar-kit/nope:9. {fix}" == done.err.splitlines()[-1]
    assert [] == left(engine, project)


def test_an_interrupt_of_a_second_demo_says_that_the_first_runs(project, tmp_path, monkeypatch):
    """However early it comes; the command that stops it from there is named."""
    monkeypatch.chdir(tmp_path)
    assert 0 == sidecar("demo", **project).code
    process = start(project, tmp_path)
    assert "containers, by engine" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)

    assert 130 == process.returncode
    assert "demo: it still runs; `sidecar demo --down` stops it" in err


def test_an_interrupted_start_leaves_nothing(engine, project, tmp_path):
    """Ctrl-C while the containers start: all are removed, exit 130."""
    process = start(project, tmp_path)
    assert wait_for(lambda: left(engine, project), bool, 600)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)

    assert (130, "sidecar: interrupted") == (process.returncode, err.strip().splitlines()[-1])
    assert "interrupted: removing what was started" in err
    assert [] == left(engine, project)
