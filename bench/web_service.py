"""A web service with one worker, WSGI or ASGI, traced by a library or not at all.

`python -m bench.web_service --kind wsgi --way kit --agent HOST:PORT` prints its port, and becomes
the server: gunicorn, or uvicorn.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import opentracing
import sidecar_tracing
from opentracing.propagation import Format

from bench import ddtrace_spans, opentelemetry_spans
from bench.spans import make_tracer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import NoReturn

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

SERVERS = {
    "wsgi": ("gunicorn", "--worker-class=gthread", "--threads=1", "--bind=fd://{}"),
    "asgi": ("uvicorn", "--factory", "--fd={}", "--log-level=error"),
}
WAYS = ("off", "stock", "kit", "otel", "ddtrace")
_CHOICE = "BENCH_WEB_SERVICE"
_BODY = b'{"items": [' + b", ".join(b'{"number": %d}' % number for number in range(100)) + b"]}"
_LENGTH = str(len(_BODY))
_URL = "http://127.0.0.1/items"


def wsgi(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with 2 kB."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", _LENGTH)])
    return [_BODY]


async def asgi(_: dict[str, Any], __: Receive, send: Send) -> None:
    """Answer with 2 kB."""
    headers = [(b"content-type", b"application/json"), (b"content-length", _LENGTH.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def make() -> Any:  # noqa: ANN401 - WSGI or ASGI
    """Return the application that the server asks for; its library starts in this process."""
    kind, way, agent = os.environ[_CHOICE].split()
    app: Any = wsgi if kind == "wsgi" else asgi
    return app if way == "off" else _MIDDLEWARE[way](app, kind, agent)


def _kit(app: Any, kind: str, agent: str) -> Any:  # noqa: ANN401
    opentracing.set_global_tracer(make_tracer("kit", agent))
    wsgi_or_asgi = {"wsgi": sidecar_tracing.WsgiMiddleware, "asgi": sidecar_tracing.AsgiMiddleware}
    return wsgi_or_asgi[kind](app)


def _otel(app: Any, kind: str, agent: str) -> Any:  # noqa: ANN401
    provider = opentelemetry_spans.make_provider(agent, True)
    module = import_module(f"opentelemetry.instrumentation.{kind}")
    return module.OpenTelemetryMiddleware(app, tracer_provider=provider)


def _ddtrace(app: Any, kind: str, agent: str) -> Any:  # noqa: ANN401
    ddtrace_spans.make_tracer(agent, True)
    names = {"wsgi": "DDWSGIMiddleware", "asgi": "TraceMiddleware"}
    return getattr(import_module(f"ddtrace.contrib.{kind}"), names[kind])(app)


def _stock(app: Any, kind: str, agent: str) -> Any:  # noqa: ANN401
    """Trace as services with jaeger-client do: by a few lines of their own."""
    tracer = make_tracer("stock", agent)

    def span_of(headers: dict[str, str], method: str) -> Any:  # noqa: ANN401
        parent = tracer.extract(Format.HTTP_HEADERS, headers)
        tags = {"span.kind": "server", "component": kind, "http.method": method, "http.url": _URL}
        return tracer.start_active_span(f"HTTP {method}", child_of=parent, tags=tags)

    def by_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {k[5:].replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"}
        with span_of(headers, environ["REQUEST_METHOD"]) as scope:
            scope.span.set_tag("http.status_code", 200)
            answer: Iterable[bytes] = app(environ, start_response)
        return answer

    async def by_asgi(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        with span_of(headers, scope["method"]) as active:
            active.span.set_tag("http.status_code", 200)
            await app(scope, receive, send)

    return by_wsgi if kind == "wsgi" else by_asgi


_MIDDLEWARE = {"kit": _kit, "stock": _stock, "otel": _otel, "ddtrace": _ddtrace}


def main() -> NoReturn:
    """Listen, say where, and become the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=SERVERS, required=True)
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--agent", required=True, metavar="HOST:PORT")
    args = parser.parse_args()
    listening = socket.create_server(("127.0.0.1", 0))
    # what it accepts inherits this: servers set it only on sockets of their own
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.set_inheritable(True)
    print(listening.getsockname()[1], flush=True)
    module, *options = (word.format(listening.fileno()) for word in SERVERS[args.kind])
    app = "bench.web_service:make" + ("()" if args.kind == "wsgi" else "")
    variables = {**os.environ, _CHOICE: f"{args.kind} {args.way} {args.agent}"}
    command = [sys.executable, "-m", module, *options, app]
    os.execve(sys.executable, command, variables)


if __name__ == "__main__":
    main()
