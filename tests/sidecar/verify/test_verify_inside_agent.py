"""The agent of the proof's pod: the proof waits for it, and ends it."""

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

from sidecar.verify.pod import proof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Process = subprocess.Popen[bytes]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Process]:
    """A process whose program has its own path."""
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
    """After a proof it may submit its spans; with a silent gateway that would take minutes."""
    proof.end(path_of(agent), gently=gently)

    assert -by == agent.wait(10)


def test_other_programs_run_on(agent: Process) -> None:
    """Even one that has the path as an argument."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()", path_of(agent)], stdin=subprocess.PIPE
    ) as other:
        proof.end(path_of(agent), gently=True)
        agent.wait(10)

        assert other.poll() is None
        other.kill()


def test_an_agent_that_ended_before_is_no_trouble() -> None:
    """The pod fails by the agent's own exit code then."""
    proof.end("/go/bin/no-such-agent", gently=True)


def test_a_failed_proof_ends_its_agent(agent: Process) -> None:
    """It gets no time to submit its spans."""
    agent_options = [
        "--agent=127.0.0.1:9",
        "--admin=http://127.0.0.1:9",
        "--spans=1",
        "--seconds=0.1",
        "--start=0",
    ]

    assert 1 == proof.main(["--service=test", *agent_options, f"--end-agent={path_of(agent)}"])
    assert -signal.SIGKILL == agent.wait(10)


def test_an_agent_that_starts_late_is_awaited() -> None:
    """Its admin port refuses connections at first."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False) as server:
        server.server_bind()
        began = time.monotonic()
        Timer(0.3, serve_one, (server,)).start()
        proof.await_agent(f"http://127.0.0.1:{server.server_port}", 10)

        assert 0.3 <= time.monotonic() - began < 5


def serve_one(server: HTTPServer) -> None:
    """Listen, and answer one request."""
    server.server_activate()
    server.handle_request()


def test_a_python_module_is_ended_by_its_name(tmp_path: Path) -> None:
    """The copier of a canary, whose program is Python's own."""
    (tmp_path / "lasting.py").write_text("import time\nprint(1, flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, "-m", "lasting"]
    settings = {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        proof.end("/no/such/agent", "lasting", gently=True)

        assert -signal.SIGTERM == process.wait(20)
