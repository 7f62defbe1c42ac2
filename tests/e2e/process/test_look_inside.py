"""The look that verify takes inside a pod, with the real agent without containers."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from agent_process import AgentProcess, StandInProcess, write_token

from sidecar.verify.look import from_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

TOKEN = "abc123@0123456789abcde_abc123@53df7ad2afe8301"


def look(port: int, admin: int, seconds: float):
    """Run the program and return what it saw."""
    addresses = [f"--agent=127.0.0.1:{port}", f"--admin=http://127.0.0.1:{admin}"]
    options = ["--service=web", "--marker=m", "--spans=20", f"--seconds={seconds}"]
    command = [sys.executable, "-m", "sidecar.verify.pod.look", *options, *addresses]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return from_text(done.stdout)


def test_one_look_counts_client_and_agent(agent_binary, tmp_path) -> None:
    """Before, sent, after: the spans have left the agent by then."""
    with ExitStack() as stack:
        file = write_token(tmp_path / "agent.yaml", TOKEN)
        gateway = StandInProcess(stack, file)
        agent = AgentProcess(stack, agent_binary, tmp_path / "agent.log", file, gateway.grpc)
        seen = look(agent.port, agent.admin, 10)

    assert (20, 20, None) == (seen.client.sent, seen.after.spans_submitted, seen.broken)
    assert 0 == seen.before.spans_submitted


def test_an_absent_agent_is_part_of_what_is_seen(free_port_pair) -> None:
    """The hop that broke, with the address that did not answer."""
    seen = look(*free_port_pair, 1)

    assert ("agent received", None) == (seen.broken.hop, seen.client)
    assert f"http://127.0.0.1:{free_port_pair[1]}: does not answer" in seen.broken.cause


@pytest.fixture
def free_port_pair():
    """Two ports where nothing listens."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
