"""What a process tells of its tracers, on a socket of its network namespace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sidecar_tracing import descriptors, stats_socket
from waiting import wait_until

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")


def told(pid=None):
    """Return what a process tells."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(5)
        asked.connect(f"\0{stats_socket.PREFIX}{pid or os.getpid()}")
        return json.loads(b"".join(iter(lambda: asked.recv(65_536), b"")))


def tracer_told(tracer, pid=None):
    """Return what a process tells of one tracer."""
    return next(
        one for one in told(pid)["tracers"] if one["created_at"] == pytest.approx(tracer.created_at)
    )


def test_counts_and_address_are_told(make_tracer, agent) -> None:
    """Where packets go, what the sampler is, and what was sent when."""
    tracer = make_tracer(reporter_flush_interval=0.01)
    tracer.start_span("one").finish()
    # the reporter counts a packet just after it sends it, and its time last
    wait_until(lambda: tracer_told(tracer)["sent_at"])
    shown = tracer_told(tracer)

    assert ("test", "127.0.0.1", agent.port, "127.0.0.1") == tuple(
        shown[name] for name in ("service", "host", "port", "address")
    )
    assert ("const", 1.0, 1, 1, {}, 0) == tuple(
        shown[name] for name in ("sampler", "param", "started", "sent", "dropped", "sampled_out")
    )
    assert abs(time.time() - shown["sent_at"]) < 60
    assert socket.gethostname() == shown["hostname"]


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ({"type": "const", "param": 0}, ("const", 0.0)),
        ({"type": "probabilistic", "param": 0.5}, ("probabilistic", 0.5)),
        ({"type": "rate_limiting", "param": 3}, ("ratelimiting", 3.0)),
    ],
)
def test_a_sampler_is_told_as_it_is_configured(make_tracer, sampler, expected) -> None:
    """Its type, and its parameter as a number."""
    tracer = make_tracer(sampler=sampler)
    tracer.start_span("one").finish()
    shown = tracer_told(tracer)

    assert expected == (shown["sampler"], shown["param"])


def test_no_tag_is_told(make_tracer) -> None:
    """Tags may hold secrets."""
    tracer = make_tracer(tags={"password": "hunter2"})
    tracer.start_span("one", tags={"token": "hunter2"}).finish()

    assert "hunter2" not in json.dumps(told())


def test_a_closed_tracer_tells_nothing(make_tracer) -> None:
    """The last close ends the socket."""
    tracer = make_tracer()
    tracer.start_span("one").finish()
    assert told()["tracers"]
    tracer.close(1)

    with pytest.raises(ConnectionRefusedError):
        told()


def test_a_late_end_of_the_thread_leaves_the_next_socket_alone(make_tracer, monkeypatch) -> None:
    """The thread of a closed socket may run only after the next tracer's first span."""
    main, goes_on = threading.get_ident(), threading.Event()
    first = make_tracer()
    first.start_span("one").finish()
    assert told()["tracers"]
    listener = stats_socket._server._listener
    close, identity = listener.close, descriptors.identity

    def late(number):
        if number < 0 and threading.get_ident() != main:
            goes_on.wait(5)
        return identity(number)

    monkeypatch.setattr(descriptors, "identity", late)
    monkeypatch.setattr(listener, "close", lambda: (close(), time.sleep(0.1)))
    first.close(1)
    second = make_tracer()
    second.start_span("one").finish()
    goes_on.set()
    time.sleep(0.1)
    second.close(1)

    with pytest.raises(ConnectionRefusedError):
        told()


def test_each_forked_process_tells_its_own_counts(make_tracer) -> None:
    """From its first span on; the parent's counts stay the parent's."""
    tracer = make_tracer(sampler={"type": "const", "param": 0})
    tracer.start_span("parent").finish()
    tracer.start_span("parent").finish()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        tracer.start_span("child").finish()
        os.write(write, json.dumps(tracer_told(tracer)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    shown = json.loads(os.read(read, 65_536))

    assert (1, 2) == (shown["sampled_out"], tracer_told(tracer)["sampled_out"])


def test_several_tracers_of_a_forked_process_share_its_socket(make_tracer) -> None:
    """Each may notice the fork, also after the first one has opened it."""
    tracers = [make_tracer(), make_tracer()]
    read, write = os.pipe()
    child = os.fork()
    if not child:
        for tracer in tracers:
            stats_socket.after_fork_in_child()
            tracer.start_span("one").finish()
        names = Path("/proc/net/unix").read_text()
        os.write(write, bytes([names.count(f"@{stats_socket.PREFIX}{os.getpid()}")]))
        os._exit(0)
    os.waitpid(child, 0)

    assert bytes([1]) == os.read(read, 9)


@pytest.mark.parametrize("sampled", [0, 1])
def test_a_tracer_has_no_thread_before_its_first_span(sampled) -> None:
    """A server in C may fork then, and a thread could hold a lock that the child never gets."""
    program = (
        "import os, sys; from sidecar_tracing import Config\n"
        "tracer = Config({'sampler': {'param': int(sys.argv[1])}}, service_name='x').new_tracer()\n"
        "tracer.stats(), tracer.flush()\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "tracer.start_span('one').finish()\n"
        "print(before, len(os.listdir('/proc/self/task')) > before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(sampled)], capture_output=True, text=True, timeout=60
    )

    assert ["1", "True"] == done.stdout.split(), done.stderr


@pytest.mark.parametrize(
    ("variables", "expected"), [({}, True), ({"SIDECAR_TRACING_SOCKET": "off"}, False)]
)
def test_the_socket_can_be_turned_off(variables, expected) -> None:
    """A variable does so before the start."""
    program = (
        "from sidecar_tracing import Config, stats_socket\n"
        "tracer = Config({'sampler': {'param': 0}}, service_name='x').new_tracer()\n"
        "tracer.start_span('one').finish()\n"
        "print(stats_socket.PREFIX in open('/proc/net/unix').read().replace("
        "f'{stats_socket.PREFIX}0', ''), stats_socket._server._listener is not None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert str(expected) == done.stdout.split()[1], done.stderr


def test_a_client_that_reads_nothing_blocks_no_other(make_tracer) -> None:
    """The service's spans do not wait for it either."""
    tracer = make_tracer()
    tracer.start_span("one").finish()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as idle:
        idle.connect(f"\0{stats_socket.PREFIX}{os.getpid()}")
        tracer.start_span("one").finish()

        assert tracer_told(tracer)["started"] == 2


def test_a_service_that_closes_all_descriptors_keeps_its_connections() -> None:
    """Ours goes on being told from, and takes no connection of a socket with its number."""
    program = (
        "import os, socket, sys, time; from sidecar_tracing import Config\n"
        "sys.path[:0] = os.environ['HERE'].split(); from test_stats_socket import told\n"
        "tracer = Config({'sampler': {'param': 0}}, service_name='x').new_tracer()\n"
        "tracer.start_span('one').finish()\n"
        "time.sleep(0.3)\n"
        "os.closerange(3, 4096)\n"
        "opened = [socket.create_server(('127.0.0.1', 0)) for _ in range(8)]\n"
        "asked = [len(told()['tracers']) for _ in range(3)]\n"
        "clients = [socket.create_connection(one.getsockname()) for one in opened]\n"
        "tracer.close(5)\n"
        "print(asked, len([one.accept() for one in opened]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HERE": f"{HERE} {HERE.with_name('support')}"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert "[1, 1, 1] 8\n" == done.stdout, done.stderr
