"""The agent beside the proof: awaited, and ended at last."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from sidecar.verify import inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Process = subprocess.Popen[bytes]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Process]:
    """A program that runs under a path of its own."""
    program = tmp_path / "agent-linux"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([program, "60"]) as process:
        yield process
        process.kill()


def path_of(process: Process) -> str:
    """Return the program that a process was started as."""
    return str(process.args[0])  # type: ignore[index]


@pytest.mark.parametrize(("gently", "by"), [(True, signal.SIGTERM), (False, signal.SIGKILL)])
def test_an_agent_ends_by_what_was_proven(agent: Process, gently: bool, by: signal.Signals) -> None:
    """It may hand on what it has, or not: one whose gateway is silent would not end for minutes."""
    inside.end(path_of(agent), gently=gently)

    assert -by == agent.wait(10)


def test_other_programs_run_on(agent: Process) -> None:
    """Also those that have the path as an argument."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()", path_of(agent)], stdin=subprocess.PIPE
    ) as other:
        inside.end(path_of(agent), gently=True)
        agent.wait(10)

        assert other.poll() is None
        other.kill()


def test_an_agent_that_is_gone_is_no_trouble() -> None:
    """Its own exit code fails the pod then."""
    inside.end("/go/bin/no-such-agent", gently=True)


def test_a_failed_proof_ends_its_agent(agent: Process) -> None:
    """It is not kept waiting for one."""
    place = ["--agent=127.0.0.1:9", "--admin=http://127.0.0.1:9", "--spans=1", "--seconds=0.1"]

    assert 1 == inside.main(["--service=test", *place, f"--end-agent={path_of(agent)}"])
    assert -signal.SIGKILL == agent.wait(10)


def test_an_agent_that_starts_late_is_awaited() -> None:
    """Its admin port refuses at first."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
        server.server_bind()
        Timer(0.3, serve_one, (server,)).start()
        began = time.monotonic()
        inside.await_agent(f"http://127.0.0.1:{server.server_port}", 10)

        assert 0.3 <= time.monotonic() - began < 5


def serve_one(server: HTTPServer) -> None:
    """Listen, and answer once."""
    server.server_activate()
    server.handle_request()
