"""A service that OpenTracing traces. It may ask the next one, however that is traced."""

import os

import requests
from flask import Flask, request
from opentracing.ext import tags
from opentracing.propagation import Format
from sidecar_tracing import init_tracer

NEXT = os.environ.get("NEXT")
SERVER = {tags.SPAN_KIND: tags.SPAN_KIND_RPC_SERVER}
CLIENT = {tags.SPAN_KIND: tags.SPAN_KIND_RPC_CLIENT}

app = Flask(__name__)
# the service's name, agent and headers: JAEGER_SERVICE_NAME, _AGENT_HOST, _AGENT_PORT, _PROPAGATION
tracer = init_tracer()


@app.get("/")
def answer() -> dict[str, int]:
    """Count the items here, and in the next service."""
    parent = tracer.extract(Format.HTTP_HEADERS, dict(request.headers))
    with tracer.start_active_span("answer", child_of=parent, tags=SERVER) as scope:
        scope.span.set_tag("items", 1)
        scope.span.log_kv({"event": "counted"})
        return {"items": 1 + (ask(NEXT) if NEXT else 0)}


def ask(url: str) -> int:
    """Return the items of the next service."""
    with tracer.start_active_span("ask", tags=CLIENT) as scope:
        headers: dict[str, str] = {}
        tracer.inject(scope.span, Format.HTTP_HEADERS, headers)
        return int(requests.get(url, headers=headers, timeout=10).json()["items"])
