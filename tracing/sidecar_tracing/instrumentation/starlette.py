"""Starlette, and so FastAPI: one span per request, named after the route."""

# ruff: noqa: ANN401 - only what is installed has types

from __future__ import annotations

from typing import Any

from sidecar_tracing.instrumentation import asgi


def patch(applications: Any) -> None:
    """Trace every application of starlette.applications."""
    asgi.trace_class(applications.Starlette, _component)


def _component(app: Any) -> str:
    return "fastapi" if "fastapi" in type(app).__module__ else "starlette"
