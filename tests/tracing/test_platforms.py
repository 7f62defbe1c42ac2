"""macOS and Windows, simulated on Linux: what they lack is taken away. Not run there."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest
from scripts import MAKE, run
from sidecar_tracing.line import Line
from udp_agent import closed_port

LIMIT = 9_216
"""What a macOS socket takes by default: net.inet.udp.maxdgram."""

WINDOWS = """
import jaeger_client, asyncio, concurrent.futures.thread, random, socket, subprocess
for module, names in (
    (os, ("register_at_fork", "fork", "getuid")),
    (signal, ("SIGHUP", "SIGKILL", "SIGCHLD", "SIGALRM", "pthread_sigmask", "valid_signals")),
    (socket, ("MSG_ERRQUEUE", "AF_UNIX", "SO_REUSEPORT")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
for name in [name for name in sys.modules if name.startswith("sidecar_tracing")]:
    del sys.modules[name]
sys.platform = "win32"
from sidecar_tracing import Config
"""


@pytest.fixture
def small_socket(monkeypatch):
    """Let sockets take packets of up to LIMIT bytes only."""
    send, refused = Line.send, []

    def send_small(self, data):
        if len(data) > LIMIT:
            refused.append(len(data))
            raise OSError(errno.EMSGSIZE, "Message too long")
        send(self, data)

    monkeypatch.setattr(Line, "send", send_small)
    return refused


def test_packets_are_split_until_the_socket_takes_them(agent, make_tracer, small_socket):
    """Every span arrives once, in packets that become as large as the socket takes."""
    tracer = make_tracer()
    for number in range(1_000):
        tracer.start_span(f"span {number}", tags={"text": "x" * 400}).finish()
    report = tracer.close(20)

    assert (1_000, 0) == (report.sent, report.unsent)
    assert {f"span {number}" for number in range(1_000)} == set(agent.names)
    assert 1_000 == len(agent.names)
    assert len(small_socket) < 12  # the size is remembered
    assert len(agent.packets) < 1_000 / 10


def test_span_that_alone_does_not_pass_is_dropped(agent, make_tracer, small_socket):
    """It costs no other span."""
    tracer = make_tracer(max_tag_value_length=20_000)
    for size in (10, 12_000, 8_900, 10):
        tracer.start_span(f"{size}", tags={"text": "x" * size}).finish()
    report = tracer.close(5)

    assert (3, {"send_error": 1}) == (report.sent, report.dropped)
    assert ["10", "8900", "10"] == agent.names


def test_service_on_windows_works(agent):
    """Without forks, error queues and Unix signals, spans are sent at once and at the exit."""
    body = """
        finish("early", 60)
        assert tracer.flush(5)
        finish("late", 5)
        """
    run(agent, body, tracer=WINDOWS + MAKE)

    assert (60, 5) == (agent.names.count("early"), agent.names.count("late"))


@pytest.mark.parametrize("platform", ["", WINDOWS], ids=["linux", "windows"])
def test_exit_without_an_agent_ends_soon(platform):
    """A refusal is seen without an error queue, too."""
    body = """
        import atexit
        finish("lost", 3)
        began = time.monotonic()
        atexit._run_exitfuncs()
        print(time.monotonic() - began)
        """
    done = run(SimpleNamespace(port=closed_port()), body, tracer=platform + MAKE)

    assert float(done.stdout) < 3
