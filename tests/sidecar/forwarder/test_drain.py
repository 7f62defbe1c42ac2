"""A collector's queue before its pod ends: waited for, and what is left is said."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sidecar.forwarder import drain
from sidecar.rules.collectors import SPAN_BYTES

METRICS = """\
otelcol_process_uptime_seconds_total{service_name="otelcol"} 41
otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc"} %d
"""


@pytest.fixture
def collector():
    """A server of a collector's metrics: its port, and a list of queue sizes, the last for good."""
    sizes: list[int] = []

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            spans = sizes.pop(0) if len(sizes) > 1 else sizes[0]
            self.wfile.write((METRICS % (spans * SPAN_BYTES)).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port, sizes
        server.shutdown()
        thread.join()


def run(port, seconds, capsys):
    """Return the exit code and the lines of a run."""
    code = drain.main([f"--port={port}", f"--seconds={seconds}"])
    return code, capsys.readouterr().out.splitlines()


def test_it_waits_until_the_queue_is_empty(collector, capsys) -> None:
    """And says how much it was; one empty reading is not enough, for a packet may be on its way."""
    port, sizes = collector
    sizes.extend([1234, 0, 7, 0])

    code, lines = run(port, 60, capsys)

    assert [0] == sizes
    assert (0, "0 spans are left in the collector's queue") == (code, lines[-1])
    assert "1,234 spans wait in the collector's queue; it is drained" == lines[0]


def test_it_says_what_is_left_when_the_time_is_over(collector, capsys) -> None:
    """With an exit code that shows it."""
    port, sizes = collector
    sizes.append(12340)

    code, lines = run(port, 0.5, capsys)

    left = "12,340 spans are left in the collector's queue, and are lost with it"
    assert (1, left) == (code, lines[-1])


def test_packets_that_are_not_read_yet_are_waited_for(collector, capsys, monkeypatch) -> None:
    """A collector that gets no time of the processor has an empty queue."""
    port, sizes = collector
    sizes.append(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        monkeypatch.setattr(drain, "COMPACT_PORT", receiver.getsockname()[1])
        receiver.sendto(b"packet", receiver.getsockname())

        code, lines = run(port, 2, capsys)
        receiver.recv(100)
        code_after, _ = run(port, 60, capsys)

    assert (1, 0) == (code, code_after)
    assert lines[-1].endswith("bytes of packets are not read, and are lost with the collector")


def test_a_collector_that_has_ended_is_not_waited_for(capsys) -> None:
    """What its queue held is not known."""
    dead = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    dead.server_close()

    code, lines = run(dead.server_port, 60, capsys)

    assert (1, ["the collector does not answer: what its queue holds is not known"]) == (
        code,
        lines,
    )
