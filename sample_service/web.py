"""Code that both services share: traced views, JSON errors, health and counts."""

from __future__ import annotations

import functools
import logging
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import opentracing
from flask import Flask, Response, jsonify, make_response, request
from opentracing.ext import tags
from opentracing.propagation import Format
from werkzeug.exceptions import BadRequest, HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LONGEST_NAME = 64


def create_app(name: str) -> Flask:
    """Return an application with untraced endpoints for its state, and errors as JSON."""
    app = Flask(name)
    app.register_error_handler(Exception, json_error)
    app.add_url_rule("/", "index", lambda: jsonify(service=name, endpoints=endpoints(app)))
    app.add_url_rule("/healthz", "healthz", lambda: jsonify(status="ok"))
    app.add_url_rule("/stats", "stats", lambda: jsonify(tracing_stats()))
    return app


def traced(view: Callable[[], Any]) -> Callable[[], Response]:
    """Wrap a view in a server span that continues the caller's trace."""

    @functools.wraps(view)
    def wrapper() -> Response:
        tracer = opentracing.global_tracer()
        with tracer.start_active_span(
            f"{request.method} {request.path}",
            child_of=callers_context(),
            tags={
                tags.SPAN_KIND: tags.SPAN_KIND_RPC_SERVER,
                tags.HTTP_METHOD: request.method,
                tags.HTTP_URL: request.base_url,
            },
        ) as scope:
            response = answer(view)
            scope.span.set_tag(tags.HTTP_STATUS_CODE, response.status_code)
            logger.info("%s %s %d", request.method, request.path, response.status_code)
            return response

    return wrapper


def answer(view: Callable[[], Any]) -> Response:
    """Return the view's response; an exception marks the active span as failed."""
    try:
        return make_response(view())
    except Exception as error:  # noqa: BLE001 - whatever the view raises is answered
        response = json_error(error)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            mark_as_error(error)
        return response


def mark_as_error(error: Exception) -> None:
    """Tag the active span as failed and log the cause on it."""
    span = opentracing.global_tracer().active_span
    if span is not None:
        span.set_tag(tags.ERROR, True)
        span.log_kv(
            {"event": tags.ERROR, "error.kind": type(error).__name__, "message": str(error)}
        )


def callers_context() -> opentracing.SpanContext | None:
    """Return the span context in the request's headers; None if it is absent or malformed."""
    try:
        return opentracing.global_tracer().extract(Format.HTTP_HEADERS, dict(request.headers))
    except opentracing.SpanContextCorruptedException:
        logger.warning("The caller's trace header cannot be read; starting a new trace")
        return None


def json_error(error: Exception) -> Response:
    """Return an error as JSON: an HTTP error with its own status, anything else as 500."""
    if isinstance(error, HTTPException):
        status, message = error.code or 500, error.description or error.name
    else:
        logger.error("Unexpected error", exc_info=error)
        status, message = 500, "internal error"
    return make_response({"error": message}, status)


def guest_name() -> str:
    """Return the query's `name`. Raises BadRequest if it is not 1 to 64 printable characters."""
    name = request.args.get("name", "world").strip()
    if not (1 <= len(name) <= LONGEST_NAME and name.isprintable()):
        raise BadRequest(f"name must be 1 to {LONGEST_NAME} printable characters")
    return name


def endpoints(app: Flask) -> list[str]:
    """Return the paths that the application answers."""
    return sorted(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")


def tracing_stats() -> dict[str, Any]:
    """Return this worker's span counts; empty if the tracer does not count."""
    stats = getattr(opentracing.global_tracer(), "stats", None)
    return {"pid": os.getpid(), "spans": stats().as_dict() if stats else {}}
