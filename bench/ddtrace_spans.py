"""The same spans by ddtrace, where it is installed, and an agent for it that only answers."""

from __future__ import annotations

import contextlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SETTINGS = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
}
_NEVER = '[{"sample_rate": 0}]'


def is_installed() -> bool:
    """Whether ddtrace can be imported."""
    return find_spec("ddtrace") is not None


def make_tracer(agent: str, sampled: bool) -> Any:  # noqa: ANN401 - it may not be installed
    """Return the tracer, which sends to HOST:PORT; the library has one per process."""
    os.environ |= SETTINGS | {"DD_TRACE_AGENT_URL": f"http://{agent}"}
    if not sampled:
        os.environ["DD_TRACE_SAMPLING_RULES"] = _NEVER
    return import_module("ddtrace.trace").tracer


def maker(tracer: Any, shape: str, tags: Mapping[str, Any]) -> Callable[[], None]:  # noqa: ANN401
    """Return a function that starts and finishes one span; ddtrace has no logs of spans."""
    texts = {name: str(value) for name, value in tags.items()} if shape != "log" else {}

    def make() -> None:
        span = tracer.start_span("GET /orders", service="bench")
        span.set_tags(texts)
        span.finish()

    return make


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """Read what comes, and answer that it is fine."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT  # noqa: N815 - the server's names

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def agent() -> Iterator[str]:
    """Run an agent at a free port of loopback, and give its HOST:PORT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
