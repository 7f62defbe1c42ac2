"""Whatever a stranger sends as trace headers, no request fails; what is written is read."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from fuzzing import cases
from hypothesis import given
from hypothesis import strategies as st
from jaeger_client import SpanContext
from jaeger_client.reporter import NullReporter
from opentracing.propagation import Format
from sidecar_tracing import Config, ConstSampler

FORMATS = ["jaeger", "w3c", "b3", "b3-single"]
NAMES = [
    "uber-trace-id", "uberctx-a", "uberctx-", "jaeger-debug-id", "jaeger-baggage", "traceparent",
    "tracestate", "baggage", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId",
    "X-B3-Sampled", "X-B3-Flags", "baggage-a", "baggage-", b"traceparent", b"b3", None, 7,
]  # fmt: skip
digits = st.integers(0, 2**140).map("{:x}".format)
pieces = st.one_of(digits, st.sampled_from(["0", "1", "d", "-1", "", "00", "ff", "%00", "é"]))
near = st.builds(str.join, st.sampled_from([":", "-", ",", "="]), st.lists(pieces, max_size=6))
values = st.one_of(st.text(), near, st.binary(), st.none(), st.integers(), st.lists(near))
carriers = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text()), values)
orders = st.lists(st.sampled_from(FORMATS), unique=True)
keys = st.from_regex(r"[a-z0-9!#$&'*+.^_`|~-]{1,9}", fullmatch=True)
contexts = st.builds(
    SpanContext,
    st.integers(1, 2**128 - 1),
    st.integers(1, 2**64 - 1),
    st.none() | st.integers(1, 2**64 - 1),
    st.sampled_from([0, 1]),
    st.dictionaries(keys, st.text(st.characters(codec="utf-8")), max_size=4),
)


def tracer_of(names):
    options = {"propagation": names} if names else {}
    return Config(options, service_name="test").create_tracer(NullReporter(), ConstSampler(True))


@cases(0.4)
@given(carrier=carriers, names=orders, carrier_format=st.sampled_from(["http_headers", "text_map"]))
def test_extraction_never_raises(turn, carrier, names, carrier_format):
    """A span of the request can be started, finished and passed on."""
    tracer = tracer_of(names)
    context = tracer.extract(carrier_format, carrier)
    span = tracer.start_span("span", child_of=context)
    tracer.inject(span, carrier_format, {})

    assert 0 < span.trace_id < 2**128
    assert 0 <= span.flags <= 0xFF
    assert context is not None or span.parent_id is None


IDS = struct.pack(">QQQQB", 0, 1, 2, 0, 1)
items = st.tuples(st.integers(-(2**31), 2**26), st.binary(max_size=20))
carried = st.builds(
    lambda count, found: IDS + struct.pack(">I", count) + b"".join(map(_item, found)),
    st.integers(0, 2**32 - 1) | st.integers(0, 3),
    st.lists(items, max_size=4),
)


def _item(item):
    length, data = item
    return struct.pack(">i", length) + data


@cases(0.1)
@given(data=st.binary(max_size=80) | carried)
def test_binary_extraction_never_raises(turn, data):
    """Nor does it for a message queue's bytes."""
    context = tracer_of([]).extract(Format.BINARY, bytearray(data))

    assert context is None or not context.has_trace or 0 < context.span_id < 2**64


@pytest.mark.parametrize("length", [2**26, -5, 2**31 - 1])
def test_a_binary_carrier_is_not_believed(length):
    """It claims more than it has; jaeger-client takes memory for all that is claimed."""
    carrier = bytearray(IDS + struct.pack(">Ii", 1, length) + b"key")
    tracer = tracer_of([])
    tracemalloc.start()
    context = tracer.extract(Format.BINARY, carrier)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert context is None
    assert peak < 2**20


def test_a_long_binary_carrier_is_ignored():
    """Above 64 KiB: each piece of its baggage costs a copy of the rest."""
    carrier = bytearray(IDS + struct.pack(">I", 10_000) + bytes(8) * 10_000)

    assert tracer_of([]).extract(Format.BINARY, carrier) is None


@given(context=contexts)
def test_a_binary_carrier_is_read_as_it_was_written(context):
    """With its baggage."""
    carrier = bytearray()
    tracer_of([]).inject(context, Format.BINARY, carrier)
    found = tracer_of([]).extract(Format.BINARY, carrier)

    assert (context.trace_id, context.span_id) == (found.trace_id, found.span_id)
    assert (context.flags, context.baggage) == (found.flags, found.baggage)


@cases(0.2)
@given(context=contexts, names=st.lists(st.sampled_from(FORMATS), unique=True, min_size=1))
def test_round_trip(turn, context, names):
    """What one service writes, another one reads, by whichever format comes first."""
    carrier = {}
    tracer_of(names).inject(context, Format.HTTP_HEADERS, carrier)
    for name in names:
        found = tracer_of([name]).extract(Format.HTTP_HEADERS, carrier)

        assert (context.trace_id, context.span_id) == (found.trace_id, found.span_id)
        assert (context.flags, context.baggage) == (found.flags, found.baggage)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [10**5, 10**6])
def test_long_headers_are_bounded(name, size):
    """A header of a megabyte does not reach the next service."""
    tracer = tracer_of([name])
    header = "a" * size
    carrier = {"uber-trace-id": f"{header}:1:0:1", "traceparent": f"00-{header}-1-01", "b3": header}

    assert tracer.extract(Format.HTTP_HEADERS, carrier) is None
    assert 1 == tracer.ignored_headers
