"""The backend: it composes greetings, and records them in the background."""

from __future__ import annotations

import opentracing
from flask import Response, jsonify
from opentracing.propagation import Format

from sample_service import jobs
from sample_service.web import create_app, guest_name, traced

app = create_app("backend")
app.add_url_rule("/readyz", "readyz", app.view_functions["healthz"])


@app.get("/greeting")
@traced
def greeting() -> Response:
    """Answer with a greeting for `name`."""
    text = compose(guest_name())
    carrier: dict[str, str] = {}
    tracer = opentracing.global_tracer()
    tracer.inject(tracer.active_span, Format.TEXT_MAP, carrier)
    jobs.submit(text, carrier)
    return jsonify(greeting=text)


def compose(name: str) -> str:
    """Return the greeting."""
    with opentracing.global_tracer().start_active_span("compose greeting") as scope:
        scope.span.set_tag("greeting.length", len(name))
        scope.span.log_kv({"event": "composed", "guest": scope.span.get_baggage_item("guest")})
        return f"Hello, {name}!"
