"""A deployment under Compose with its own project name and ports, removed after its block."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import requests

from sidecar.errors import SidecarError
from sidecar.secrecy import child_environment

FILES = ("docker-compose.yml", "local-agent.yaml")


def free_port():
    """Return a TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(read, done, seconds=20):
    """Return the first reading that is done; the last one when time is up."""
    deadline = time.monotonic() + seconds
    while not done(reading := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return reading


@dataclass(frozen=True)
class Done:
    """The outcome of one run of the kit's command."""

    code: int
    out: str
    err: str

    @property
    def report(self):
        """The JSON that it printed."""
        assert self.out, self.err
        return json.loads(self.out)


def sidecar(*arguments, cwd=None, **environment):
    """Run the kit's command as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", *map(str, arguments)],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**child_environment(), **environment},
        timeout=600,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class DeployedFolder:
    """A folder with a docker-compose.yml; its .env holds the project's name, images and ports."""

    def __init__(self, folder, engine, compose, images):
        self.folder, self.engine, self.compose = folder, engine, compose
        self.project = f"e2e-{secrets.token_hex(4)}"
        self.ports = {"FRONTEND": free_port(), "GATEWAY": free_port()}
        self.settings = {
            "COMPOSE_PROJECT_NAME": self.project,
            **{f"SIDECAR_PORT_{name}": str(port) for name, port in self.ports.items()},
        }
        self._images = (images / ".env").read_text()
        self.frontend, self.page = (f"http://127.0.0.1:{port}" for port in self.ports.values())

    def set(self, **settings):
        """Write .env; None takes a setting out."""
        self.settings = {
            name: value
            for name, value in {**self.settings, **settings}.items()
            if value is not None
        }
        lines = [f"{name}={value}\n" for name, value in self.settings.items()]
        (self.folder / ".env").write_text(self._images + "".join(lines))

    def run(self, *arguments, **options):
        """Run a Compose command."""
        return self.compose.run(self.folder, *arguments, **options)

    def up(self, *arguments):
        """Start all services, and wait until they are healthy."""
        options = ("--detach", "--wait", "--wait-timeout=120", "--no-build", "--pull=never")
        self.run("up", *options, *arguments)
        return self

    def heal(self):
        """Restore what a test stopped: wait for unhealthy containers, and start missing ones."""

        def unhealthy():
            found = self.engine.containers.of_project(self.project)
            return [
                container.name
                for container in found
                if (container.status, container.health) == ("running", "unhealthy")
            ]

        assert [] == wait_for(unhealthy, lambda names: not names, 30)
        return self.up()

    def down(self):
        """Remove everything."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout=3")

    def container(self, service):
        """Return a service's container."""
        (found,) = self.engine.containers.of_project(self.project, service)
        return found

    def inspect(self, service):
        """Return all that the engine knows of a service's container."""
        return self.engine.containers.inspect(self.container(service).identity)

    def process(self, service):
        """Return the host's ID of a container's first process; skips if it is on another host."""
        data = self.inspect(service)
        pid = data["State"]["Pid"]
        control_groups = Path(f"/proc/{pid}/cgroup")
        if (
            not os.access(f"/proc/{pid}/environ", os.R_OK)
            or data["Id"] not in control_groups.read_text()
        ):
            pytest.skip(f"the engine's processes are not visible here: process {pid}")
        return pid

    def verify(self, *options, path_only=True):
        """Run `sidecar verify` on the folder; by default without the services' own spans."""
        words = ("--path-only",) if path_only else ()
        return sidecar("verify", "--out", self.folder, *words, *options)

    def hops(self, *options, path_only=True):
        """Return {(service, hop): hop} of a verify, and its exit code."""
        done = self.verify("--output", "json", *options, path_only=path_only)
        return {(hop["service"], hop["hop"]): hop for hop in done.report["hops"]}, done

    def greet(self):
        """Send a request and return its trace ID. Raises requests.RequestException."""
        answer = requests.get(f"{self.frontend}/greet", params={"name": "Ada"}, timeout=10)
        answer.raise_for_status()
        return answer.json()["trace_id"]

    def trace(self, trace_id, spans=5, seconds=20):
        """Return a trace of the stand-in once it has so many spans; None if it never arrives."""

        def read():
            answer = requests.get(f"{self.page}/api/traces/{trace_id}", timeout=5)
            return answer.json()["data"][0] if answer.ok else None

        return wait_for(
            read, lambda found: found is not None and len(found["spans"]) >= spans, seconds
        )

    def counters(self):
        """Return the stand-in's totals."""
        return requests.get(f"{self.page}/api/counters", timeout=5).json()


_LISTENS = "import socket; socket.create_connection(('127.0.0.1', {port}), 5)"


class UsersStack(DeployedFolder):
    """A stack that the kit did not render; its containers and networks go by their label."""

    def await_port(self, service, port, seconds=60):
        """Return once a service listens; the test fails if it never does."""

        def listens():
            with suppress(SidecarError):
                argv = ("exec", "-T", service, "python", "-c", _LISTENS.format(port=port))
                return self.run(*argv)

        assert wait_for(listens, bool, seconds), f"{service} does not listen at {port}"

    def state(self):
        """Return service → state of each container."""
        found = self.engine.containers.of_project(self.project)
        return {container.service: container.status for container in found}

    def down(self):
        """Remove everything: also what no file names any more."""
        client = docker.from_env()
        ours = {"label": f"com.docker.compose.project={self.project}"}
        for container in client.containers.list(all=True, filters=ours):
            container.remove(force=True, v=True)
        for kept in (*client.networks.list(filters=ours), *client.volumes.list(filters=ours)):
            kept.remove()


@contextmanager
def deployed(deployment):
    """Remove everything of a deployment after the block, whatever happened in it."""
    try:
        yield deployment
    finally:
        deployment.down()


def local_copy(checkout, folder):
    """Put the checkout's own rendering into a folder."""
    for name in FILES:
        shutil.copy(checkout / name, folder / name)
    return folder


class Traffic:
    """Sends requests one after another until it is stopped."""

    def __init__(self, deployment):
        self._deployment = deployment
        self._stopping = threading.Event()
        self.answered, self.failed = [], []
        self._thread = threading.Thread(target=self._send)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _send(self):
        while not self._stopping.wait(0.02):
            self._send_one()

    def _send_one(self):
        try:
            self.answered.append(self._deployment.greet())
        except requests.RequestException as error:
            self.failed.append(str(error))

    def wait_for_more(self, count=20, seconds=20):
        """Return when so many more requests were answered."""
        goal = len(self.answered) + count
        assert wait_for(lambda: len(self.answered), lambda sent: sent >= goal, seconds) >= goal, (
            self.failed[-3:]
        )
