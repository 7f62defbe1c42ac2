"""The frontend, which users call: it asks the backend for a greeting."""

from __future__ import annotations

import os
from typing import Any

import opentracing
import requests
from flask import Response, jsonify, make_response
from opentracing.ext import tags
from opentracing.propagation import Format
from werkzeug.exceptions import BadGateway

from sample_service.logs import current_trace_id
from sample_service.web import create_app, guest_name, traced

BACKEND_URL = os.environ.get("BACKEND_URL", "http://127.0.0.1:8081").rstrip("/")
TIMEOUT_SECONDS = (1.0, 5.0)
"""For the connection, and for the answer."""

app = create_app("frontend")


@app.get("/greet")
@traced
def greet() -> Response:
    """Answer with the backend's greeting for `name`."""
    name = guest_name()
    opentracing.global_tracer().active_span.set_baggage_item("guest", name)
    return jsonify(greeting=ask_backend(name), trace_id=current_trace_id())


@app.get("/fail")
@traced
def fail() -> Response:
    """Fail on purpose: the trace shows an error span."""
    raise RuntimeError("this endpoint always fails")


@app.get("/readyz")
def readyz() -> Response:
    """Report whether the backend is reachable."""
    try:
        requests.get(f"{BACKEND_URL}/healthz", timeout=TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        return make_response({"status": "backend unreachable", "cause": type(error).__name__}, 503)
    return jsonify(status="ok")


def ask_backend(name: str) -> str:
    """Return the backend's greeting. Raises BadGateway if there is none."""
    tracer = opentracing.global_tracer()
    span_tags = {tags.SPAN_KIND: tags.SPAN_KIND_RPC_CLIENT, tags.PEER_SERVICE: "backend"}
    with tracer.start_active_span("call backend", tags=span_tags) as scope:
        headers: dict[str, str] = {}
        tracer.inject(scope.span, Format.HTTP_HEADERS, headers)
        try:
            return str(fetch_greeting(name, headers)["greeting"])
        except (requests.RequestException, KeyError, TypeError) as error:
            raise BadGateway("the backend returns no greeting") from error


def fetch_greeting(name: str, headers: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return the backend's JSON for `name`. Raises requests.RequestException."""
    answer = requests.get(
        f"{BACKEND_URL}/greeting", params={"name": name}, headers=headers, timeout=TIMEOUT_SECONDS
    )
    answer.raise_for_status()
    return answer.json()
