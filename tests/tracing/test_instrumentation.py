"""The middleware, the decorator and the filter, used by a service itself."""

from __future__ import annotations

import asyncio
import io
import logging

import pytest
from sidecar_tracing import AsgiMiddleware, TraceIdFilter, WsgiMiddleware, init_tracer, traced
from sidecar_tracing.instrumentation.spans import safe_url
from udp_agent import tags

PARENT = "00000000000000ab:00000000000000cd:0:1"
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/shop",
    "PATH_INFO": "/items",
    "QUERY_STRING": "page=2&token=secret",
    "HTTP_HOST": "shop.example",
    "HTTP_UBER_TRACE_ID": PARENT,
    "wsgi.url_scheme": "https",
}
URL = "https://shop.example/shop/items?page=*&token=*"


@pytest.fixture
def tracer(agent):
    local_agent = {"reporting_host": "127.0.0.1", "reporting_port": agent.port}
    made = init_tracer("shop", local_agent=local_agent)
    yield made
    made.close(0)


@pytest.fixture
def sent(agent, tracer):
    """Return the spans that were sent, after the close."""

    def read():
        report = tracer.close(10)
        return agent.wait_for(report.sent)

    return read


class Parts:
    """A response whose end is noted."""

    def __init__(self, parts):
        self.parts, self.is_closed = iter(parts), False

    def __iter__(self):
        return self.parts

    def close(self):
        self.is_closed = True


def call(app):
    """Return the body that a WSGI application gives to a server."""
    return app(dict(ENVIRON), lambda *_: None)


def answering(body, status="200 OK"):
    def app(_, start_response):
        start_response(status, [])
        return body

    return app


def test_wsgi_request_is_a_span(sent):
    """With OpenTracing's tags; the caller's span is its parent."""
    assert [b"ok"] == call(WsgiMiddleware(answering([b"ok"])))

    (span,) = sent()
    assert ("HTTP GET", 0xAB, 0xCD) == (span.operationName, span.traceIdLow, span.parentSpanId)
    assert {
        "span.kind": "server",
        "component": "wsgi",
        "http.method": "GET",
        "http.url": URL,
        "http.status_code": 200,
    } == tags(span.tags)


def test_wsgi_stream_ends_its_span_at_its_end(sent, tracer):
    """The span is active while parts are made, and not between them; close reaches the body."""
    seen = []

    def parts():
        for number in range(2):
            seen.append(tracer.active_span.operation_name)
            yield b"%d" % number

    body = Parts(parts())
    answer = call(WsgiMiddleware(answering(body)))
    assert b"0" == next(iter(answer))
    assert (None, 0) == (tracer.active_span, tracer.stats().sent + tracer.stats().queued)
    assert [b"1"] == list(answer)
    answer.close()
    answer.close()

    assert ["HTTP GET"] * 2 == seen
    assert body.is_closed
    assert 1 == len(sent())


def test_wsgi_client_that_leaves_ends_the_span(sent):
    """The server closes a response that is not read to its end."""
    answer = call(WsgiMiddleware(answering(Parts([b"0", b"1"]))))
    next(answer)
    answer.close()

    assert 1 == len(sent())


class FileWrapper(Parts):
    """A server's own."""


@pytest.mark.parametrize("wrapper", [FileWrapper, lambda body: body])
def test_file_reaches_the_server_as_it_is(sent, wrapper):
    """A server sends its own kind of file by sendfile; uWSGI's is known by its identity."""
    file = FileWrapper([b"0"]) if isinstance(wrapper, type) else io.BytesIO(b"0")
    environ = {**ENVIRON, "wsgi.file_wrapper": wrapper}

    assert file is WsgiMiddleware(answering(file))(environ, lambda *_: None)
    assert 1 == len(sent())


def failing(*_):
    raise ValueError("bad")


def failing_parts():
    yield b"0"
    raise ValueError("bad")


def test_wsgi_exception_is_recorded_and_raised(sent):
    """Before the response, and in the middle of it; once each."""
    with pytest.raises(ValueError, match="bad"):
        call(WsgiMiddleware(failing))
    answer = call(WsgiMiddleware(answering(failing_parts())))
    with pytest.raises(ValueError, match="bad"):
        list(answer)
    answer.close()

    spans = sent()
    assert [True, True] == [tags(span.tags)["error"] for span in spans]
    logs = [tags(log.fields) for span in spans for log in span.logs]
    assert [("error", "ValueError", "bad")] * 2 == [
        (log["event"], log["error.kind"], log["message"]) for log in logs
    ]
    assert all('raise ValueError("bad")' in log["stack"] for log in logs)


def test_server_error_is_an_error(sent):
    """A status of 5xx is one, 4xx is not."""
    for status in ("503 Unavailable", "404 Not Found"):
        call(WsgiMiddleware(answering([], status)))

    assert [True, None] == [tags(span.tags).get("error") for span in sent()]


def test_middleware_in_middleware_is_one_span(sent):
    """The outer one counts."""
    call(WsgiMiddleware(WsgiMiddleware(answering([b"ok"])), "outer"))

    assert ["outer"] == [tags(span.tags)["component"] for span in sent()]


def scope(**options):
    headers = [(b"Host", b"shop.example"), (b"uber-trace-id", PARENT.encode())]
    about = {"type": "http", "method": "GET", "path": "/shop/items", "scheme": "https"}
    return {**about, "query_string": b"page=2&token=secret", "headers": headers, **options}


async def parts(_, __, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"0", "more_body": True})
    await send({"type": "http.response.body", "body": b"1"})
    await asyncio.sleep(0.3)  # in the background


def ask(app, about=None):
    """Return the messages of an ASGI application."""
    messages = []

    async def send(message):
        messages.append(message)

    asyncio.run(app(about or scope(), None, send))
    return messages


def test_asgi_request_is_a_span(sent):
    """It ends with the last part of the response, and not with what is done after it."""
    assert 3 == len(ask(AsgiMiddleware(AsgiMiddleware(parts), "outer")))

    (span,) = sent()
    assert ("HTTP GET", 0xAB, 0xCD) == (span.operationName, span.traceIdLow, span.parentSpanId)
    assert {
        "span.kind": "server",
        "component": "outer",
        "http.method": "GET",
        "http.url": URL,
        "http.status_code": 200,
    } == tags(span.tags)
    assert span.duration < 250_000


def test_asgi_exception_is_recorded_and_raised(sent):
    """Once."""

    async def app(*_):
        failing()

    with pytest.raises(ValueError, match="bad"):
        ask(AsgiMiddleware(app))

    (span,) = sent()
    assert (True, 1) == (tags(span.tags)["error"], len(span.logs))


@pytest.mark.parametrize("root", ["", "/proxy"])
def test_asgi_span_is_named_after_its_route(sent, root):
    """With the place where its application is mounted, and without what a proxy adds."""

    class Route:
        path = "/items/{number}"

    async def app(about, _, __):
        about.update(route=Route(), root_path=f"{root}/shop")

    ask(AsgiMiddleware(app), scope(root_path=root))

    assert ["GET /shop/items/{number}"] == [span.operationName for span in sent()]


def test_websockets_and_lifespan_have_no_span(sent):
    """They are passed on."""

    async def app(about, _, send):
        await send(about["type"])

    for kind in ("websocket", "lifespan"):
        assert [kind] == ask(AsgiMiddleware(app), scope(type=kind))
    assert [] == sent()


def test_concurrent_requests_have_traces_of_their_own(sent, tracer):
    """Spans of the service are children of their request."""

    async def app(*_):
        with tracer.start_active_span("work"):
            await asyncio.sleep(0.01)

    async def many():
        await asyncio.gather(
            *(AsgiMiddleware(app)(scope(headers=[]), None, None) for _ in range(20))
        )

    asyncio.run(many())

    spans = sent()
    roots = {span.spanId: span.traceIdLow for span in spans if not span.parentSpanId}
    assert (20, 40) == (len(set(roots.values())), len(spans))
    assert all(roots[span.parentSpanId] == span.traceIdLow for span in spans if span.parentSpanId)


def test_traced_functions(sent, tracer):
    """Plain ones and coroutines, with a name and tags of their own; the result is theirs."""

    @traced
    def plain(number):
        """Doc."""
        return number + 1

    @traced("named", tags={"zone": "a"})
    async def waiting(number):
        await asyncio.sleep(0)
        return plain(number)

    assert 3 == asyncio.run(waiting(2))
    assert ("plain", "Doc.") == (plain.__name__, plain.__doc__)
    inner, outer = sent()
    assert ("named", "a") == (outer.operationName, tags(outer.tags)["zone"])
    assert inner.operationName.endswith("plain")
    assert outer.spanId == inner.parentSpanId


def test_traced_function_that_raises(sent):
    """Each span that the exception passes notes it, and it is raised."""
    outer = traced("outer")(traced("inner")(failing))
    with pytest.raises(ValueError, match="bad"):
        outer()

    assert [1, 1] == [len(span.logs) for span in sent()]


def test_traced_without_a_tracer():
    """It costs nothing but the call."""
    assert 3 == traced(lambda: 3)()


def test_filter_gives_records_their_trace(tracer):
    """For a format with %(trace_id)s; empty outside of a span."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(TraceIdFilter())
    handler.setFormatter(logging.Formatter("%(trace_id)s/%(span_id)s %(message)s"))
    log = logging.getLogger("shop.filter")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    with tracer.start_active_span("span") as active:
        log.info("inside")
    log.info("outside")

    span = active.span
    assert [f"{span.trace_id:016x}/{span.span_id:016x} inside", "/ outside"] == (
        stream.getvalue().splitlines()
    )


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("http://user:password@host:80/path?a=1&b=2#part", "http://host:80/path?a=*&b=*"),
        ("http://host/?secret", "http://host/?*"),
        ("http://host/?a=1=2&&", "http://host/?a=*"),
        ("http://host", "http://host"),
        ("http://[", ""),
    ],
)
def test_url_without_secrets(url, safe):
    """No user, no password, no value of the query."""
    assert safe == safe_url(url)
