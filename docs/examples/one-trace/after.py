"""The same service by OpenTelemetry's API."""

import os

import requests
from flask import Flask, request
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

NEXT = os.environ.get("NEXT")

app = Flask(__name__)
# the service's name and its collector: OTEL_SERVICE_NAME, OTEL_EXPORTER_OTLP_ENDPOINT
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("shop")


@app.get("/")
def answer() -> dict[str, int]:
    """Count the items here, and in the next service."""
    parent = propagate.extract({name.lower(): value for name, value in request.headers})
    with tracer.start_as_current_span("answer", context=parent, kind=SpanKind.SERVER) as span:
        span.set_attribute("items", 1)
        span.add_event("counted")
        return {"items": 1 + (ask(NEXT) if NEXT else 0)}


def ask(url: str) -> int:
    """Return the items of the next service."""
    with tracer.start_as_current_span("ask", kind=SpanKind.CLIENT):
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return int(requests.get(url, headers=headers, timeout=10).json()["items"])
