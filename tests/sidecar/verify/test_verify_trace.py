"""A trace, fetched from a query API and drawn as a tree."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sidecar.errors import SidecarError
from sidecar.verify.trace import TracedSpan, fetch, request, tree


def span(identity, parent="", *, service="p1", operation="work", start=0, duration=1500, **tags):
    """Return a span in the shape of Jaeger's query API."""
    return {
        "spanID": identity,
        "references": [{"refType": "CHILD_OF", "traceID": "t", "spanID": parent}] if parent else [],
        "processID": service,
        "operationName": operation,
        "startTime": start,
        "duration": duration,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }


@pytest.fixture
def web():
    """Serve canned answers (status, text) by path on loopback; returns them and the URL."""
    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, text = answers.get(self.path, (404, "{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield answers, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def served(*spans):
    """Return an answer with one trace of two services."""
    processes = {"p1": {"serviceName": "frontend"}, "p2": {"serviceName": "backend"}}
    return 200, json.dumps({"data": [{"traceID": "t", "spans": spans, "processes": processes}]})


def test_a_trace_is_drawn_below_its_root(web, golden):
    """Children are below their parent, by start; durations are aligned, errors marked."""
    answers, page = web
    answers["/api/traces/abc"] = served(
        span("1", operation="GET /greet", duration=21_100),
        span("2", "1", operation="call backend", start=5, duration=17_200),
        span(
            "3", "2", service="p2", operation="GET /greeting", start=6, duration=4_500, error=True
        ),
        span("5", "3", service="p2", operation="second", start=9, error="true"),
        span("4", "3", service="p2", operation="first", start=8, duration=120, error=False),
        span("6", "1", operation="log", start=30),
    )

    golden("demo/tree.txt", tree(fetch(page, "abc")) + "\n")


def test_a_span_without_its_parent_is_a_root(web):
    """It is shown, although its parent did not arrive."""
    answers, page = web
    answers["/api/traces/abc"] = served(span("2", "1", operation="orphan"))

    shown = tree(fetch(page, "abc")).splitlines()
    assert shown[0].startswith("frontend  orphan")
    assert "  1 spans arrived, 4 or more were sent" == shown[1]


def test_an_empty_trace_says_so():
    """No span arrived: one line, no tree."""
    assert "  0 spans arrived, 4 or more were sent" == tree([])


def test_a_complete_trace_has_no_note():
    """Four spans are what a request has at least."""
    rows = [
        TracedSpan(str(number), "", "web", "work", number, 1, error=False) for number in range(4)
    ]

    assert "arrived" not in tree(rows)


def test_an_unknown_trace_is_empty(web):
    """A trace that has not arrived yet is no error."""
    _, page = web

    assert [] == fetch(page, "abc")


def test_a_page_that_fails_is_an_error(web):
    """Any answer but a trace or 404 is reported with its status."""
    answers, page = web
    answers["/api/traces/abc"] = (500, "{}")

    with pytest.raises(SidecarError, match="answered 500"):
        fetch(page, "abc")


def test_a_page_that_does_not_answer_is_an_error():
    """A closed port is reported with its address."""
    with pytest.raises(SidecarError, match=r"http://127.0.0.1:1: does not answer: Conn"):
        fetch("http://127.0.0.1:1", "abc")


def test_a_request_returns_its_trace_id(web):
    """The sample answers with the id of the trace that the request made."""
    answers, page = web
    answers["/greet"] = (200, '{"greeting": "Hello", "trace_id": "abc"}')

    assert "abc" == request(f"{page}/greet")


@pytest.mark.parametrize("answer", [(200, "hello"), (200, "{}"), (502, "{}"), (200, "[]")])
def test_another_program_at_the_samples_port_is_an_error(web, answer):
    """An answer that is not the sample's is reported with its address."""
    answers, page = web
    answers["/greet"] = answer

    with pytest.raises(SidecarError, match=f"{page}/greet: does not answer as the sample does"):
        request(f"{page}/greet")
