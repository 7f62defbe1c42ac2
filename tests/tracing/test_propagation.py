"""The formats of trace headers: jaeger, W3C and B3, alone and together."""

from __future__ import annotations

import pytest
from jaeger_client import Config as JaegerConfig
from jaeger_client import ConstSampler, SpanContext
from opentelemetry import baggage, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentracing import InvalidCarrierException
from opentracing.propagation import Format
from sidecar_tracing import Config

HTTP = Format.HTTP_HEADERS
LONG = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
W3C = f"00-{LONG}-{PARENT}-01"
ALL = ["w3c", "jaeger", "b3", "b3-single"]


@pytest.fixture
def tracer_of(make_tracer):
    """Return a tracer that speaks the formats."""
    return lambda *names, **options: make_tracer(propagation=list(names), **options)


def injected(tracer, context, carrier_format=HTTP):
    carrier = {}
    tracer.inject(context, carrier_format, carrier)
    return carrier


def ids(context):
    return (context.trace_id, context.span_id, context.flags)


def test_every_named_format_is_written(tracer_of):
    """Each has the same trace, span and decision; baggage is in the way of each."""
    context = SpanContext(int(LONG, 16), 0xAB, 0xCD, 1, {"guest": "Ada B"})

    assert {
        "traceparent": f"00-{LONG}-00000000000000ab-01",
        "baggage": "guest=Ada%20B",
        "uber-trace-id": f"{LONG}:ab:cd:1",
        "uberctx-guest": "Ada%20B",
        "X-B3-TraceId": LONG,
        "X-B3-SpanId": "00000000000000ab",
        "X-B3-ParentSpanId": "00000000000000cd",
        "X-B3-Sampled": "1",
        "baggage-guest": "Ada%20B",
        "b3": f"{LONG}-00000000000000ab-1-00000000000000cd",
    } == injected(tracer_of(*ALL), context)


def test_the_first_named_format_is_read(tracer_of):
    """The order is that of the configuration, not of the headers."""
    carrier = {"uber-trace-id": "a:b:0:1", "traceparent": W3C}

    assert 0xA == tracer_of("jaeger", "w3c").extract(HTTP, carrier).trace_id
    assert int(LONG, 16) == tracer_of("w3c", "jaeger").extract(HTTP, carrier).trace_id


def test_a_malformed_header_leaves_the_turn_to_the_next_format(tracer_of):
    """It is counted all the same."""
    tracer = tracer_of("w3c", "jaeger")
    context = tracer.extract(HTTP, {"traceparent": "00-0-0-01", "uber-trace-id": "a:b:0:1"})

    assert (0xA, 0xB, 1) == ids(context)
    assert 1 == tracer.stats().ignored_headers


def test_baggage_apart_joins_the_trace(tracer_of):
    """Jaeger's header for a manual request works with another format's trace."""
    carrier = {"jaeger-baggage": "a=1", "traceparent": W3C, "baggage": "b=2"}

    assert {"a": "1", "b": "2"} == tracer_of("jaeger", "w3c").extract(HTTP, carrier).baggage


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("flags", [0, 1])
@pytest.mark.parametrize("carrier_format", [HTTP, Format.TEXT_MAP])
def test_what_is_written_is_read(tracer_of, name, flags, carrier_format):
    """Trace, span, decision and baggage, by one format."""
    tracer = tracer_of(name)
    context = SpanContext(2**127 + 5, 2**63 + 7, None, flags, {"guest": "Ada"})
    found = tracer.extract(carrier_format, injected(tracer, context, carrier_format))

    assert ids(context) == ids(found)
    assert {"guest": "Ada"} == found.baggage


@pytest.mark.parametrize("name", ["b3", "b3-single", "jaeger"])
def test_debug_is_passed_on(tracer_of, name):
    """A debug trace stays one."""
    tracer = tracer_of(name)

    assert 3 == tracer.extract(HTTP, injected(tracer, SpanContext(1, 2, None, 3))).flags


@pytest.mark.parametrize(
    ("headers", "flags"),
    [
        ({"X-B3-Sampled": "1"}, 1),
        ({"X-B3-Sampled": "true"}, 1),
        ({"x-b3-sampled": "True"}, 1),
        ({"X-B3-Sampled": "0"}, 0),
        ({"X-B3-Sampled": "false"}, 0),
        ({"X-B3-Flags": "1"}, 3),
        ({"X-B3-Flags": "1", "X-B3-Sampled": "0"}, 3),
        ({"X-B3-Flags": "0", "X-B3-Sampled": "1"}, 1),
    ],
)
def test_b3_decision(tracer_of, headers, flags):
    """A debug header samples, too: jaeger-client would lose the span."""
    carrier = {"X-B3-TraceId": "a", "X-B3-SpanId": "b", **headers}

    assert (0xA, 0xB, flags) == ids(tracer_of("b3").extract(HTTP, carrier))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a-b-1", (0xA, 0xB, 1)),
        ("a-b-0", (0xA, 0xB, 0)),
        ("a-b-d", (0xA, 0xB, 3)),
        ("a-b-1-c", (0xA, 0xB, 1)),
        (f"{LONG}-{PARENT}-1", (int(LONG, 16), int(PARENT, 16), 1)),
    ],
)
def test_b3_in_one_header(tracer_of, header, expected):
    """Read by either name of the format, before the several headers."""
    for name in ("b3", "b3-single"):
        carrier = {"b3": header, "X-B3-TraceId": "9", "X-B3-SpanId": "9"}

        assert expected == ids(tracer_of(name).extract(HTTP, carrier))


@pytest.mark.parametrize("sampled", [True, False])
def test_open_decision_of_b3_is_the_samplers(tracer_of, sampled):
    """A proxy that only makes IDs costs no trace."""
    tracer = tracer_of("b3", sampler=ConstSampler(sampled))
    carriers = ({"b3": "a-b"}, {"X-B3-TraceId": "a", "X-B3-SpanId": "b"})

    assert [sampled, sampled] == [tracer.extract(HTTP, one).flags for one in carriers]


@pytest.mark.parametrize("header", ["0", "1", "d"])
def test_a_decision_alone_is_no_trace(tracer_of, header):
    """`b3: 0` has no IDs: a new trace begins, and nothing is malformed."""
    tracer = tracer_of("b3")

    assert tracer.extract(HTTP, {"b3": header}) is None
    assert 0 == tracer.stats().ignored_headers


def test_tracestate_goes_to_every_child(tracer_of):
    """It is passed on by children of children, and after baggage is set; members stay in order."""
    tracer = tracer_of("w3c")
    carrier = {"traceparent": W3C, "tracestate": ["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"]}
    parent = tracer.start_span("parent", child_of=tracer.extract(HTTP, carrier))
    child = tracer.start_span("child", child_of=parent).set_baggage_item("guest", "Ada")

    found = injected(tracer, child)
    assert "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE" == found["tracestate"]
    assert found["traceparent"].startswith(f"00-{LONG}-{child.span_id:016x}-01")
    assert "tracestate" not in injected(tracer, tracer.start_span("another"))


@pytest.mark.parametrize("state", ["a", "A=1", "a=\x01", ",".join(f"k{n}=1" for n in range(33))])
def test_malformed_tracestate_leaves_the_trace(tracer_of, state):
    """The trace goes on without it, and it is counted."""
    tracer = tracer_of("w3c")
    context = tracer.extract(HTTP, {"traceparent": W3C, "tracestate": state})

    assert int(LONG, 16) == context.trace_id
    assert "tracestate" not in injected(tracer, context)
    assert 1 == tracer.stats().ignored_headers


@pytest.mark.parametrize(
    "header",
    [W3C, f"cc-{LONG}-{PARENT}-01", f"cc-{LONG}-{PARENT}-01-what-the-future-brings", f" {W3C} "],
)
def test_valid_traceparent(tracer_of, header):
    """The examples of the specification, and of versions to come."""
    context = tracer_of("w3c").extract(HTTP, {"TraceParent": header})

    assert (int(LONG, 16), int(PARENT, 16), 1) == ids(context)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"ff-{LONG}-{PARENT}-01",
        f"00-{LONG}-{PARENT}-01-more",
        f"00-{LONG.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{LONG}-{'0' * 16}-01",
        f"00-{LONG[1:]}-{PARENT}-01",
        f"00-{LONG}-{PARENT}-1",
        f"00-{LONG}-{PARENT}-xx",
        f"cc-{LONG}-{PARENT}-01.more",
    ],
)
def test_malformed_traceparent_is_ignored(tracer_of, header):
    """A new trace begins."""
    tracer = tracer_of("w3c")

    assert tracer.extract(HTTP, {"traceparent": header}) is None
    assert 1 == tracer.stats().ignored_headers


def test_w3c_baggage(tracer_of):
    """Values are decoded, properties left out, bad members ignored; keys keep their case."""
    tracer = tracer_of("w3c")
    header = "userId=Am%C3%A9lie , server=DF28;ttl=30, bad key=1,nothing"

    found = tracer.extract(HTTP, {"traceparent": W3C, "baggage": header})
    assert {"userId": "Amélie", "server": "DF28"} == found.baggage
    assert 2 == tracer.stats().ignored_headers


def test_baggage_that_no_header_can_hold(tracer_of):
    """It is left out, and more than 64 members or 8 KiB are, too."""
    tracer = tracer_of("w3c")
    found = injected(tracer, SpanContext(1, 2, None, 1, {"a b": "1", "c\r\nd": "2", "e": "3\r\n"}))
    many = injected(tracer, SpanContext(1, 2, None, 1, {f"k{n}": "v" for n in range(100)}))
    large = injected(tracer, SpanContext(1, 2, None, 1, {"a": "x" * 8000, "b": "y" * 8000}))

    assert "e=3%0D%0A" == found["baggage"]
    assert 64 == many["baggage"].count("=")
    assert len(large["baggage"]) <= 8192


@pytest.mark.parametrize("propagation", ["jaeger", "b3", "b3-single", "w3c", None])
def test_long_baggage_is_not_passed_on_in_headers(tracer_of, caplog, propagation):
    """Servers refuse a request with long headers; the rest of the baggage is passed on."""
    tracer = tracer_of(propagation) if propagation else tracer_of()
    span = tracer.start_span("one").set_baggage_item("long", "x" * 200_000)
    span.set_baggage_item("full", "\u00e9" * 3_000).set_baggage_item("guest", "Ada")
    headers = [{}, {}]
    for one in headers:
        tracer.inject(span.context, HTTP, one)

    assert len("".join(name + value for name, value in headers[1].items())) < 1_000
    assert "Ada" in "".join(headers[1].values())
    assert 1 == caplog.text.count("Baggage above 64 items or 8 KiB")


@pytest.mark.parametrize(
    "header",
    ["x", "1:2:3", "0:1:0:1", "1:0:0:1", f"{'f' * 33}:1:0:1", f"1:{'f' * 17}:0:1", "1:2:3:-1"],
)
@pytest.mark.parametrize("carrier_format", [HTTP, Format.TEXT_MAP])
def test_malformed_jaeger_header_is_ignored(make_tracer, header, carrier_format, caplog):
    """Without a setting: a new trace begins, where jaeger-client raises or loses the span."""
    tracer = make_tracer()
    for _ in range(2):
        assert tracer.extract(carrier_format, {"uber-trace-id": header}) is None

    assert 2 == tracer.stats().ignored_headers
    assert 1 == caplog.text.count("A trace header is not valid")
    assert header == "x" or header not in caplog.text


def test_malformed_binary_carrier_is_ignored(make_tracer):
    """A truncated carrier of a message queue is, too."""
    tracer = make_tracer()

    assert tracer.extract(Format.BINARY, bytearray(b"short")) is None
    assert 1 == tracer.stats().ignored_headers


def test_ignored_headers_are_a_metric():
    """By the name that Jaeger's other clients use; a factory that fails costs no request."""
    counted = []

    class Factory:
        def create_counter(self, name, tags=None):
            return lambda value: counted.append(name) or 1 / (value - 1)

        create_timer = create_gauge = create_counter

    made = Config({}, service_name="test", metrics_factory=Factory()).new_tracer()
    made.extract(HTTP, {"uber-trace-id": "x"})
    made.close(0)

    assert ["jaeger:span_context_decoding_errors"] == counted


@pytest.mark.parametrize("key", ["a:", "a%0d%0ab", "a b", "%C3%A9", "(a)"])
@pytest.mark.parametrize("names", [[], ["jaeger"], ALL])
def test_a_key_that_no_header_can_have_is_not_passed_on(make_tracer, names, key):
    """A client refuses a request with it: a stranger could make a service's own requests fail."""
    tracer = make_tracer(**({"propagation": names} if names else {}))
    carrier = {"uber-trace-id": "1:2:0:1", "jaeger-baggage": f"{key}=v,good=1"}
    found = injected(tracer, tracer.extract(HTTP, carrier))

    assert ["uberctx-good"] == [name for name in found if name.startswith("uberctx-")]


@pytest.mark.parametrize("names", [[], ["jaeger"], ["b3"], ["w3c", "jaeger"]])
@pytest.mark.parametrize("value", ["\ud800", 5])
def test_a_value_that_is_no_text_costs_no_request(make_tracer, names, value):
    """From a message queue, or by a mistake of the service; jaeger-client raises."""
    tracer = make_tracer(**({"propagation": names} if names else {}))
    found = injected(tracer, SpanContext(1, 2, None, 1, {"key": value}))

    assert ("5" if value == 5 else "%3F") in list(found.values())[-1]


@pytest.mark.parametrize("carrier_format", [HTTP, Format.TEXT_MAP])
def test_wrong_carrier_still_raises(tracer_of, carrier_format):
    """A mistake of the service is not a stranger's header."""
    for tracer in (tracer_of("w3c"), tracer_of()):
        with pytest.raises(InvalidCarrierException):
            tracer.extract(carrier_format, None)
        with pytest.raises(InvalidCarrierException):
            tracer.inject(SpanContext(1, 2, None, 1), carrier_format, [])


def test_carriers_of_bytes(tracer_of):
    """ASGI's headers are bytes."""
    carrier = {b"traceparent": W3C.encode(), b"baggage": b"a=1"}
    context = tracer_of("w3c").extract(HTTP, carrier)

    assert (int(LONG, 16), {"a": "1"}) == (context.trace_id, context.baggage)


@pytest.mark.parametrize("value", ["w3c,jaeger", " W3C , jaeger, w3c ", "w3c,zipkin,jaeger"])
def test_variable_names_the_formats(monkeypatch, value, caplog):
    """JAEGER_PROPAGATION is a list; an unknown name is said, and the others are used."""
    monkeypatch.setenv("JAEGER_PROPAGATION", value)
    tracer = Config({}, service_name="test").new_tracer()
    found = injected(tracer, SpanContext(1, 2, None, 1))
    tracer.close(0)

    assert ["traceparent", "uber-trace-id"] == list(found)
    assert ("zipkin" in value) == ("JAEGER_PROPAGATION: 'zipkin' is not one of" in caplog.text)


def test_code_wins_over_the_variable(monkeypatch):
    """What the service passes is used."""
    monkeypatch.setenv("JAEGER_PROPAGATION", "b3")
    tracer = Config({"propagation": ["w3c"]}, service_name="test").new_tracer()
    tracer.close(0)

    assert ["traceparent"] == list(injected(tracer, SpanContext(1, 2, None, 1)))


@pytest.mark.parametrize("value", [None, "b3", "other"])
def test_jaeger_clients_own_values(value):
    """The same carrier formats have another codec: HTTP headers for `b3`, none otherwise."""
    options = {} if value is None else {"propagation": value}
    stock = JaegerConfig(options, service_name="test").propagation

    assert set(stock) == set(Config(options, service_name="test").propagation)


@pytest.mark.parametrize(("is_long", "digits"), [(True, 32), (False, 16)])
def test_128_bit_ids_by_option(tracer_of, is_long, digits):
    """B3's trace ID has the length that the option says; W3C's has 32 digits always."""
    tracer = tracer_of("b3", "w3c", generate_128bit_trace_id=is_long)
    found = injected(tracer, tracer.start_span("span"))

    assert digits == len(found["X-B3-TraceId"])
    assert found["X-B3-TraceId"].zfill(32) == found["traceparent"].split("-")[1]


def test_a_long_trace_arrives_whole(agent, tracer_of):
    """The agent gets all 128 bits of a foreign trace."""
    tracer = tracer_of("w3c")
    tracer.start_span("span", child_of=tracer.extract(HTTP, {"traceparent": W3C})).finish()
    tracer.close(5)

    (span,) = agent.wait_for(1)
    high, low = span.traceIdHigh % 2**64, span.traceIdLow % 2**64
    assert (LONG, int(PARENT, 16)) == (f"{high:016x}{low:016x}", span.parentSpanId)


def test_mixed_trace_with_opentelemetry(tracer_of):
    """One trace through OpenTelemetry, this runtime and OpenTelemetry again, with baggage.

    Without a space: OpenTelemetry for Python writes it as `+`, which W3C does not know.
    """
    theirs, tracer = TracerProvider().get_tracer("theirs"), tracer_of("w3c")
    first = theirs.start_span("first")
    carrier = {}
    context = baggage.set_baggage("guest", "Amélie,B", trace.set_span_in_context(first))
    propagate.inject(carrier, context)
    ours = tracer.start_span("ours", child_of=tracer.extract(HTTP, carrier))
    back = propagate.extract(injected(tracer, ours))
    last = theirs.start_span("last", back)

    assert first.get_span_context().trace_id == ours.trace_id == last.get_span_context().trace_id
    assert (first.get_span_context().span_id, ours.span_id) == (ours.parent_id, last.parent.span_id)
    assert ("Amélie,B", "Amélie,B") == (
        ours.get_baggage_item("guest"),
        baggage.get_baggage("guest", back),
    )
