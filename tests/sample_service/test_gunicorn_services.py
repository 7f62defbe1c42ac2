"""The two services as users run them: gunicorn processes that send spans to a UDP port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import requests
from compose_deployment import free_port
from udp_agent import UdpAgent, tags

GUNICORN = (sys.executable, "-m", "gunicorn", "--config", "python:sample_service.gunicorn_conf")


class ServiceProcess:
    """One gunicorn with its workers."""

    def __init__(self, name, agent_port, log, *options, **environment):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        kept = {key: value for key, value in os.environ.items() if not key.startswith("JAEGER_")}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*GUNICORN, *options, f"sample_service.{name}:app"],
                env={
                    **kept,
                    "HOST": "127.0.0.1",
                    "PORT": str(self.port),
                    "JAEGER_AGENT_HOST": "127.0.0.1",
                    "JAEGER_AGENT_PORT": str(agent_port),
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def get(self, path, **options):
        return requests.get(self.url + path, timeout=10, **options)

    def wait(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.answers():
                return self
            time.sleep(0.05)
        self.stop()
        raise AssertionError(self.log.read_text())

    def answers(self):
        try:
            return self.get("/healthz").ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(25)

    @property
    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A frontend, its backend, and the agent of both."""
    folder = tmp_path_factory.mktemp("services")
    with UdpAgent() as agent:
        backend = ServiceProcess("backend", agent.port, folder / "backend.log")
        frontend = ServiceProcess(
            "frontend", agent.port, folder / "frontend.log", BACKEND_URL=backend.url
        )
        try:
            yield frontend.wait(), backend.wait(), agent
        finally:
            frontend.stop()
            backend.stop()


def spans_of(agent, trace_id, count):
    """Return {(service, operation): span} of one trace once it has `count` spans."""
    deadline = time.monotonic() + 10
    found = {}
    while len(found) < count and time.monotonic() < deadline:
        found = {
            (batch.process.serviceName, span.operationName): span
            for batch in agent.batches
            for span in batch.spans
            if span.traceIdLow & (2**64 - 1) == int(trace_id, 16)
        }
        time.sleep(0.02)
    return found


def test_greeting_is_one_trace_over_two_services(pair):
    """A greeting is one trace: two spans of the frontend, three of the backend."""
    frontend, _, agent = pair
    answer = frontend.get("/greet", params={"name": "Ada"}).json()

    spans = spans_of(agent, answer["trace_id"], 5)

    assert "Hello, Ada!" == answer["greeting"]
    assert {
        ("frontend", "GET /greet"),
        ("frontend", "call backend"),
        ("backend", "GET /greeting"),
        ("backend", "compose greeting"),
        ("backend", "record greeting"),
    } == set(spans)


def test_parents_follow_the_calls(pair):
    """Each span's parent is its caller, across HTTP headers and the job's TEXT_MAP alike."""
    frontend, _, agent = pair
    spans = spans_of(agent, frontend.get("/greet").json()["trace_id"], 5)

    parents = {name[1]: span.parentSpanId for name, span in spans.items()}
    ids = {name[1]: span.spanId for name, span in spans.items()}

    assert {
        "GET /greet": 0,
        "call backend": ids["GET /greet"],
        "GET /greeting": ids["call backend"],
        "compose greeting": ids["GET /greeting"],
        "record greeting": ids["GET /greeting"],
    } == parents


def test_baggage_reaches_the_backend(pair):
    """The backend logs the baggage that the frontend set, special characters included."""
    frontend, _, agent = pair
    spans = spans_of(
        agent, frontend.get("/greet", params={"name": "Ünï ☃=,"}).json()["trace_id"], 5
    )

    assert {"event": "composed", "guest": "Ünï ☃=,"} == tags(
        spans["backend", "compose greeting"].logs[0].fields
    )


def test_failure_is_an_error_span(pair):
    """/fail answers 500 as JSON; its span has the error tag, and the cause as a log."""
    frontend, _, agent = pair
    answer = frontend.get("/fail", headers={"uber-trace-id": "abc123:1:0:1"})

    span = spans_of(agent, "abc123", 1)["frontend", "GET /fail"]

    assert (500, {"error": "internal error"}) == (answer.status_code, answer.json())
    assert tags(span.tags)["error"] is True
    assert 500 == tags(span.tags)["http.status_code"]
    assert "RuntimeError" == tags(span.logs[0].fields)["error.kind"]


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "\x00", "x" * 3000])
def test_bad_names_are_refused(pair, name):
    """An empty, too long or unprintable name is answered 400 with a JSON error."""
    answer = pair[0].get("/greet", params={"name": name})

    assert 400 == answer.status_code
    assert "name must be" in answer.json()["error"]


@pytest.mark.parametrize(
    "header", ["rubbish", "1:2:3", "x" * 4000, ":::", "1:2:0:999999999999999999999"]
)
def test_broken_trace_headers_do_no_harm(pair, header):
    """A request with an invalid trace header is answered normally."""
    assert 200 == pair[0].get("/greet", headers={"uber-trace-id": header}).status_code


def test_unknown_paths_are_json(pair):
    """An unknown path is answered 404 with a JSON error."""
    answer = pair[0].get("/nowhere")

    assert 404 == answer.status_code
    assert "error" in answer.json()


def test_index_lists_the_endpoints(pair):
    """The root path lists the endpoints of the service."""
    assert {
        "service": "frontend",
        "endpoints": ["/", "/fail", "/greet", "/healthz", "/readyz", "/stats"],
    } == pair[0].get("/").json()


def test_health_is_not_traced(pair):
    """Health and readiness answer 200 and make no span."""
    frontend, backend, agent = pair

    assert [200] * 4 == [
        service.get(path).status_code
        for service in (frontend, backend)
        for path in ("/healthz", "/readyz")
    ]
    assert not {"GET /healthz", "GET /readyz"} & set(agent.names)


def test_stats_are_those_of_the_worker(pair):
    """/stats shows the counts of the worker that answers."""
    stats = pair[0].get("/stats").json()

    assert isinstance(stats["pid"], int)
    assert {} == stats["spans"]["dropped"]


def test_logs_are_json_with_the_trace(pair):
    """Each log line is a JSON object; the line of a request contains its trace ID."""
    frontend, _, _ = pair
    trace_id = frontend.get("/greet").json()["trace_id"]

    lines = frontend.lines

    assert {"time", "level", "message", "service", "trace_id"} <= set(lines[0])
    assert ["GET /greet 200"] == [line["message"] for line in lines if line["trace_id"] == trace_id]
    assert {"frontend"} == {line["service"] for line in lines}


def test_without_a_backend(tmp_path):
    """Without a backend, the frontend is healthy but not ready, and answers 502."""
    with UdpAgent() as agent:
        frontend = ServiceProcess(
            "frontend", agent.port, tmp_path / "log", BACKEND_URL="http://127.0.0.1:9"
        ).wait()
        try:
            codes = [frontend.get(path).status_code for path in ("/healthz", "/readyz", "/greet")]
        finally:
            code = frontend.stop()

        assert [200, 503, 502] == codes
        assert 0 == code
        server = next(span for span in agent.spans if span.operationName == "GET /greet")
        assert tags(server.tags)["error"] is True


def test_stop_under_traffic_loses_no_span(tmp_path):
    """The spans of all answered requests arrive after SIGTERM."""
    with UdpAgent() as agent:
        backend = ServiceProcess("backend", agent.port, tmp_path / "log").wait()
        answered = 0
        try:
            for number in range(40):
                answered += backend.get("/greeting", params={"name": f"guest {number}"}).ok
        finally:
            code = backend.stop()

        assert (0, 40) == (code, answered)
        assert 40 == agent.names.count("GET /greeting") == agent.names.count("record greeting")
        roots = [span.traceIdLow for span in agent.spans if span.operationName == "GET /greeting"]
        assert 40 == len(set(roots))


def test_an_invalid_port_is_one_line(tmp_path):
    """A PORT that is not a number ends gunicorn with one line."""
    service = ServiceProcess("frontend", 6831, tmp_path / "log", PORT="many")

    assert 0 != service.process.wait(20)
    assert "PORT=many is not a positive number\n" == service.log.read_text()


def test_documented_example():
    """The example prints its trace ID; its two spans belong to that trace."""
    with UdpAgent() as agent:
        run = subprocess.run(
            [sys.executable, "-m", "sample_service.example"],
            env={
                **os.environ,
                "JAEGER_AGENT_HOST": "127.0.0.1",
                "JAEGER_AGENT_PORT": str(agent.port),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )

        printed = json.loads(run.stdout)
        child, parent = agent.wait_for(2)
        assert (2, 2) == (printed["spans"]["started"], printed["spans"]["sent"])
        assert ["ChildSpan", "TestSpan"] == [child.operationName, parent.operationName]
        assert child.parentSpanId == parent.spanId
        assert int(printed["trace_id"], 16) == parent.traceIdLow & (2**64 - 1)
