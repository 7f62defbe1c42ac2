"""The demo with collectors: their program, their configuration, and the outage."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from sidecar.demo import collectors, outage
from sidecar.demo.collectors import Places
from sidecar.errors import SidecarError

PLACES = Places("127.0.0.1:7001", 7002, "127.0.0.1:7003", Path("/t/token"), Path("/t/queue"))


def program(folder, parts):
    """Put a program on PATH that lists its parts as a collector does."""
    path = folder / "otelcol"
    path.write_text(f"#!/bin/sh\necho '{parts}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("parts", "cause"),
    [
        (None, "otelcol is not on PATH"),
        ("receivers: jaeger, otlp", "has no file_storage"),
    ],
)
def test_a_collector_that_does_not_serve_is_an_error(parts, cause, tmp_path, monkeypatch):
    """The fix says where to get one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if parts:
        program(tmp_path, parts)

    with pytest.raises(SidecarError) as caught:
        collectors.find_program()

    assert cause in caught.value.cause
    assert "Install otelcol-contrib" in caught.value.fix


def test_a_program_with_all_parts_serves(tmp_path, monkeypatch):
    """It is asked for them: the smallest distribution lacks the queue on disk."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert str(program(tmp_path, "jaeger, file_storage")) == collectors.find_program()


def test_a_configuration_is_the_rendered_one_on_loopback():
    """Its queue is on disk, its calls are repeated without end, and no other host reaches it."""
    text = collectors.configuration("frontend", PLACES)
    data = yaml.safe_load(text)
    exporter = data["exporters"]["otlp_grpc"]

    assert "0.0.0.0" not in text
    assert "file_storage" == exporter["sending_queue"]["storage"]
    assert (0, "127.0.0.1:7003") == (
        exporter["retry_on_failure"]["max_elapsed_time"],
        exporter["endpoint"],
    )
    assert {"Authentication": "${file:/t/token}"} == exporter["headers"]


class Sample:
    """A service and a stand-in's page on loopback; spans arrive once the stand-in starts."""

    def __init__(self, spans):
        self._spans, self.runs, self.sent = spans, True, []
        sample = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(sample.answer(self.path)).encode())

            def log_message(self, *_):
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path):
        """Return the answer to a request: a trace id, or a trace."""
        if path.startswith("/greet"):
            self.sent.append(self.runs)
            return {"trace_id": f"{len(self.sent)}"}
        span = {"spanID": "1", "references": [], "processID": "p", "operationName": "o"}
        span |= {"startTime": 1, "duration": 1, "tags": []}
        spans = [span] * (self._spans if self.runs else 0)
        return {"data": [{"spans": spans, "processes": {"p": {"serviceName": "s"}}}]}

    def stop(self):
        """Stop the stand-in."""
        self.runs = False

    def start(self):
        """Start it again."""
        self.runs = True


@pytest.mark.parametrize(("spans", "held"), [(5, True), (3, False)])
def test_an_outage_is_told_in_one_line(spans, held, monkeypatch):
    """All requests go out while the stand-in is stopped; a trace that lacks a span is no proof."""
    monkeypatch.setattr(outage, "_SECONDS", 0.2)
    sample, said = Sample(spans), []
    thread = Thread(target=sample.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        done = outage.show(sample, f"{sample.url}/greet", sample.url, said.append)
    finally:
        sample.server.shutdown()
        thread.join()
        sample.server.server_close()

    whole = outage.REQUESTS if held else 0
    text = f"{whole} of 20 traces ({20 * spans} spans) arrived after its start"
    assert (held, f"20 requests while the stand-in was stopped: {text}") == done
    assert [False] * outage.REQUESTS == sample.sent
    assert 2 == len(said)


def test_behind_a_forwarder_a_collector_has_no_token():
    """The rest is the same."""
    rendered = yaml.safe_load(collectors.configuration("frontend", PLACES))

    bare = yaml.safe_load(collectors.configuration("frontend", PLACES._replace(token=None)))

    del rendered["exporters"]["otlp_grpc"]["headers"]
    assert rendered == bare
