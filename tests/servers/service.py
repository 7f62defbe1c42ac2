"""The traced service of every server: WSGI, ASGI and Celery, with the library that LIB names."""

from __future__ import annotations

import importlib
import os
import time

_library = importlib.import_module(os.environ["LIB"])
_settings = {"sampler": {"type": "const", "param": 1}}
tracer = _library.Config(_settings, service_name="served").new_tracer()


def work() -> None:
    """Make the one span of a request or a task."""
    tracer.start_span("work").finish()


def wsgi(environ, start_response):
    """Answer a WSGI request; `/busy` goes on after its span."""
    work()
    if environ["PATH_INFO"] == "/busy":
        time.sleep(30)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope, receive, send):
    """Answer an ASGI request, and the lifespan."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    work()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
