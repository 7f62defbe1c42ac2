"""What is read of a network namespace and of the runtimes in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import asdict

import pytest
from sidecar_tracing import Config

from sidecar.verify.network import namespace, runtimes, visit
from sidecar.verify.network.visit import Errand

UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 123 @sidecar-tracing/17
0000000000000000: 00000003 00000000 00000000 0001 03 124 @sidecar-tracing/17
0000000000000000: 00000002 00000000 00010000 0001 01 125 /run/other.sock
0000000000000000: 00000002 00000000 00010000 0001 01 126
0000000000000000: 00000002 00000000 00010000 0001 01 127 @sidecar-tracing/9-1
"""


@pytest.fixture
def tracer():
    """A tracer of this process that reports to nobody."""
    options = {"local_agent": {"reporting_host": "127.0.0.1", "reporting_port": 9}}
    made = Config(options, service_name="shop").new_tracer()
    yield made
    made.close(0)


def test_only_listening_runtimes_are_listed() -> None:
    """Not the connections to them, nor other sockets."""
    assert ["sidecar-tracing/17", "sidecar-tracing/9-1"] == runtimes.listed(UNIX)
    assert [17, 9] == [runtimes.pid_of(name) for name in runtimes.listed(UNIX)]


def test_a_runtime_tells_its_counts(tracer) -> None:
    """As the tracing client of this version does."""
    tracer.start_span("one").finish()
    found, mute = runtimes.read_runtimes({os.getpid()})
    (one,) = [one for one in found if one.service == "shop"]

    assert ("127.0.0.1", 9, "const", 1.0, 1) == (
        one.host,
        one.port,
        one.sampler,
        one.param,
        one.started,
    )
    assert 0 == mute


def test_a_socket_that_tells_something_else_is_mute() -> None:
    """It may belong to another version, or to another program."""
    name = f"{runtimes.PREFIX}{os.getpid()}-7"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(f"\0{name}")
        listener.listen()

        def answer():
            connection, _ = listener.accept()
            connection.sendall(b'{"tracers": "none"}')
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        _, mute = runtimes.read_runtimes({os.getpid()})
        thread.join()

    assert 1 == mute


def test_connections_to_collectors_are_named() -> None:
    """Those of this program to an OTLP port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.9", 4317))
        except OSError:
            pytest.skip("the port is taken")
        listener.listen()
        with socket.create_connection(("127.0.0.9", 4317)):
            found = namespace.read(pids=()).collectors

    assert "127.0.0.9:4317 (OTLP)" in found


def test_counters_grow_with_what_is_sent() -> None:
    """Datagrams and incoming connections."""
    before = namespace.read(pids=())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(3):
            sender.sendto(b"x", ("127.0.0.1", 9))
        during = namespace.read(pids=())

    assert during.datagrams - before.datagrams >= 3
    assert during.senders >= 1


def test_secrets_among_the_variables_are_masked() -> None:
    """Only tracing variables are read at all."""
    token = "abc@0123_abc@4567"
    found = namespace.chosen(
        [
            "PASSWORD=hunter2",
            "JAEGER_AGENT_HOST=web-agent",
            f"JAEGER_TAGS=Authentication={token}",
            "OTEL_EXPORTER_OTLP_HEADERS=api-key=hunter2",
            "JAEGER_PASSWORD=hunter2",
        ]
    )

    assert [
        "JAEGER_AGENT_HOST",
        "JAEGER_TAGS",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "JAEGER_PASSWORD",
    ] == list(found)
    assert "web-agent" == found["JAEGER_AGENT_HOST"]
    assert "hunter2" not in str(found)
    assert token not in str(found)


def test_names_are_resolved_where_the_service_runs() -> None:
    """One that does not resolve leads nowhere."""
    leads = namespace.read(["localhost", "no-such-name.invalid"], pids=()).leads

    assert "127.0.0.1" in leads["localhost"]
    assert () == leads["no-such-name.invalid"]


def test_a_visit_survives_its_line_of_json(tracer) -> None:
    """A short-lived container prints it."""
    tracer.start_span("one").finish()
    found = visit.visit(Errand("shop", urls=("http://127.0.0.1:9/",), pids={os.getpid()}))

    assert found == visit.from_dict(json.loads(visit.as_line(found)))
    assert "does not answer: Connection refused" == found.answers[0].error
    assert asdict(found)["client"] is None


def test_the_variables_are_those_of_the_other_processes() -> None:
    """Not of the reader, of who started it, nor of what it starts itself, as the probe."""
    there = {"JAEGER_OF_THE_SERVICE": "1"}
    reader = (
        "import subprocess, sys\n"
        "from sidecar.verify.network import namespace\n"
        "probe = subprocess.Popen(['sleep', '20'], env={'JAEGER_PROBE': 'own'})\n"
        "found = namespace.read(variables=True)\n"
        "probe.kill()\n"
        "print(found.processes > 0, *(f'JAEGER_{name}' in found.variables"
        " for name in ('OF_THE_SERVICE', 'PROBE', 'READER')))\n"
    )
    own = {**os.environ, "JAEGER_READER": "own"}
    with subprocess.Popen(["sleep", "20"], env=there) as service:
        done = subprocess.run(
            [sys.executable, "-c", reader], env=own, capture_output=True, text=True, check=True
        )
        service.kill()

    assert "True True False False\n" == done.stdout
