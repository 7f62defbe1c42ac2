"""The watch as a container of its own, with agents over the wire."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sidecar.watch import health as watch_health
from sidecar.watch import standing
from sidecar.watch.standing import NetworkAgents

LINE = 'jaeger_agent_{name}{{format="jaeger"}} {value}\n'


@contextmanager
def an_agent(**later):
    """Yield the counters of an agent that answers at a port, and the port.

    After its first answer it has counted `later`.
    """
    counts = {"reporter_spans_submitted_total": 0, "reporter_spans_failures_total": 0}

    class Admin(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            text = "".join(LINE.format(name=name, value=value) for name, value in counts.items())
            counts.update(later)
            self.wfile.write(f"process_start_time_seconds 1000\n{text}".encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Admin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield counts, server.server_address[1]
    server.shutdown()


@contextmanager
def running(*arguments):
    """Run the watch as its container does; it is ended by the signal that ends a container."""
    command = [sys.executable, "-m", "sidecar.watch.standing", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert 128 + signal.SIGTERM == process.returncode


def health(state, expected, seconds=20):
    """Return what the health check prints, once it has the expected exit code."""
    command = [sys.executable, "-m", "sidecar.watch.health", str(state)]
    deadline = time.monotonic() + seconds
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == expected or time.monotonic() > deadline:
            assert expected == done.returncode, done.stdout
            return done.stdout


def test_a_loss_makes_it_unhealthy(tmp_path):
    """Until then it is healthy; the health check says which hop of which service."""
    state = tmp_path / "state.json"
    with an_agent() as (counts, port):
        target = f"--agent=web=127.0.0.1:{port}"
        assert "the watch has not read any agent yet\n" == health(state, 1)
        with running(target, "--every=0.2", f"--state={state}") as process:
            assert "within the budget\n" == health(state, 0)
            counts.update(reporter_spans_submitted_total=1000, reporter_spans_failures_total=7)
            text = health(state, 1)
            note, line = (json.loads(process.stdout.readline()) for _ in range(2))

    assert "note" == note["event"]
    assert "cannot be seen from here" in note["text"]
    assert "agent submitted: web: 7 of 1,007 spans were lost, more than 0.1%" in text
    assert ("counted", "web", 1000, 7) == (
        line["event"],
        line["service"],
        line["spans_submitted"],
        line["spans_failed"],
    )


def test_a_watch_that_does_not_read_any_more_is_unhealthy(tmp_path, capsys):
    """Its last verdict may be of yesterday."""
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"time": time.time() - 60, "every": 10, "text": ""}))

    assert 1 == watch_health.main(str(state))
    assert "the watch does not read the agents any more\n" == capsys.readouterr().out


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (5, 1)])
def test_for_a_while_it_ends_with_an_exit_code(capsys, failed, code):
    """As a CronJob needs it."""
    with an_agent(reporter_spans_failures_total=failed) as (_, port):
        found = standing.main([f"--agent=web=127.0.0.1:{port}", "--every=0.2", "--for=1"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    verdict = lines[-1]
    assert ["note"] == [line["event"] for line in lines if line["event"] == "note"]
    assert (code, "verdict", code == 0) == (found, verdict["event"], verdict["ok"])


def test_an_agent_that_is_not_found_or_does_not_answer_is_known_as_that():
    """A name that does not resolve, and a port that nothing listens on."""
    targets = [("web", "no-such-host.invalid", 14271), ("api", "127.0.0.1", 1)]
    web, api = NetworkAgents(targets).read()

    assert (False, True) == (web.runs, api.runs)
    assert web.state.startswith("not found: ")
    assert "refused" in api.cause


@pytest.mark.parametrize("target", ["web", "web=host", "=host:1", "web=host:port"])
def test_a_target_needs_name_host_and_port(target, capsys):
    """A usage error, which a container's log shows."""
    with pytest.raises(SystemExit):
        standing.main([f"--agent={target}"])

    assert "is not NAME=HOST:PORT" in capsys.readouterr().err
