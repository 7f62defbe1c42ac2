"""Spans by OTLP over gRPC, beside Jaeger's protocol on the same port."""

import asyncio

import grpc
import pytest
from gateway_spans import CANARY, START, build_request
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from otlp_spans import EXPORT, OTHER, RIGHT, TRACE, add_resource, build_export, put

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.intake import BadToken
from sidecar.stand_in.sockets import Address
from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub

pytestmark = pytest.mark.asyncio


def export(client, request, metadata=RIGHT, **options):
    """Send a request, or bytes, as an OTLP exporter does."""
    raw = request if isinstance(request, bytes) else request.SerializeToString()
    return client.channel.unary_unary(EXPORT)(raw, metadata=metadata, **options)


async def refused(client, request, metadata=RIGHT, **options):
    """Return the status code and message that a request is refused with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await export(client, request, metadata, **options)
    return caught.value.code().name, caught.value.details()


async def only_span(client):
    """Return the one stored span of TRACE, and its process."""
    trace = (await client.get(f"/api/traces/{TRACE.hex()}"))["data"][0]
    (span,) = trace["spans"]
    return span, trace["processes"][span["processID"]]


def as_pairs(tags):
    """Return tags of the API as (key, type, value)."""
    return [(tag["key"], tag["type"], tag["value"]) for tag in tags]


async def test_spans_by_otlp_count_as_those_of_an_agent(client):
    """Accepted, distinct and per service: both protocols add to one marker's counts."""
    request = build_export(3, marker="m1")
    add_resource(request, 2, service="backend", marker="m1", trace_id=OTHER)

    answer = await export(client, request)
    await client.post(build_request(4, marker="m1"))

    assert b"" == answer
    assert {
        "marker": "m1",
        "accepted": 9,
        "distinct": 9,
        "distinct_complete": True,
        "refused": 0,
        "dropped": 0,
        "exposed": 0,
        "services": {"backend": 2, "frontend": 7},
    } == await client.get("/api/markers/m1")
    counters = await client.get("/api/counters")
    assert (9, 3, {"grpc": 1, "http": 0, "exposed": 0}) == (
        counters["spans"]["accepted"],
        counters["batches"]["accepted"],
        counters["otlp"],
    )


@pytest.mark.parametrize(
    ("metadata", "reason", "words"),
    [
        ((("authentication", "other@1"),), "wrong", "Authentication is not this gateway's token"),
        ((("authentication", ""),), "missing", "the metadata Authentication is missing"),
        ((), "missing", "the metadata Authentication is missing"),
    ],
)
async def test_a_bad_token_is_refused_by_reason(client, metadata, reason, words):
    """Only the metadata counts: it is answered UNAUTHENTICATED, by reason, and nothing is kept."""
    request = build_export(2, marker="m1", resource=[("Authentication", CANARY)])
    code, message = await refused(client, request, metadata)

    assert "UNAUTHENTICATED" == code
    assert words in message
    assert "other@1" not in message
    counters = await client.get("/api/counters")
    assert (2, 0) == (counters["spans"]["refused"][reason], counters["store"]["spans"])
    assert 2 == (await client.get("/api/markers/m1"))["refused"]


async def test_a_refusal_names_its_protocol(client):
    """The table of refused batches tells what an agent sent from what a collector sent."""
    await refused(client, build_export(2), ())
    await client.refused(build_request(3, token=None))

    rows = client.stand_in.state.refused()
    assert [("jaeger", 3), ("otlp", 2)] == [(row["via"], row["spans"]) for row in rows]
    page = await client.text("/")
    assert ("<td>OTLP</td>" in page, "<td>Jaeger</td>" in page) == (True, True)


async def test_a_call_without_spans_asks_for_the_tokens_verdict(client):
    """An empty request is answered as one with spans: so a token can be tried."""
    assert b"" == await export(client, b"")
    assert "UNAUTHENTICATED" == (await refused(client, b"", ()))[0]


async def test_the_drop_mode_answers_ok_and_keeps_nothing(start):
    """With --on-bad-token drop, a bad token is answered OK and counted as dropped."""
    client = await start(on_bad_token=BadToken.DROP)

    assert b"" == await export(client, build_export(2, marker="m1"), ())

    assert 2 == (await client.get("/api/markers/m1"))["dropped"]
    assert 0 == (await client.get("/api/counters"))["store"]["spans"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\xff\xff not protobuf",
        build_export(2, trace_id=b"\1\2\3").SerializeToString(),
        build_export(2, span_id=b"").SerializeToString(),
        build_export(2, parent_span_id=b"\1").SerializeToString(),
    ],
    ids=["bytes", "trace", "span", "parent"],
)
async def test_what_is_no_batch_is_refused_whole(client, request_bytes):
    """Bytes that are no request, or one id of a wrong length, are INVALID_ARGUMENT."""
    code, _ = await refused(client, build_export(1).SerializeToString() + request_bytes)

    assert "INVALID_ARGUMENT" == code
    counters = await client.get("/api/counters")
    assert (1, 0) == (counters["spans"]["refused"]["malformed"], counters["spans"]["accepted"])


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(fail_with="RESOURCE_EXHAUSTED"), "RESOURCE_EXHAUSTED"),
        (Faults(bad_token="refuse"), "UNAUTHENTICATED"),
        (Faults(black_hole=True), "DEADLINE_EXCEEDED"),
        (Faults(reset=True), "UNAVAILABLE"),
        (Faults(away=True), "UNAVAILABLE"),
        (Faults(latency_ms=2000), "DEADLINE_EXCEEDED"),
    ],
)
async def test_faults_strike_both_protocols(client, faults, code):
    """A fault that is set answers an export as it answers an agent's call."""
    await client.stand_in.state.faults.set(faults)

    assert code == (await refused(client, build_export(), timeout=1))[0]


async def test_the_process_of_a_resource(client):
    """The service, the host and the client's version are where an agent has them."""
    version = ("opencensus.exporterversion", "Jaeger-Python-4.8.0")
    await export(client, build_export(1, resource=[("host.name", "pod-1"), version]))

    _, process = await only_span(client)
    assert "frontend" == process["serviceName"]
    assert [
        ("hostname", "string", "pod-1"),
        ("jaeger.version", "string", "Python-4.8.0"),
    ] == as_pairs(process["tags"])


async def test_attributes_of_every_type_become_tags(client):
    """Lists and maps become JSON; kind and status are tags."""
    request = build_export(1, kind=Span.SPAN_KIND_CLIENT)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "no answer"
    values = {"text": "straße", "yes": True, "no": False, "number": -(2**62), "ratio": 0.25}
    put(span.attributes, {**values, "raw": b"\0x"})
    items = span.attributes.add(key="list").value.array_value.values
    items.add().int_value, items.add().string_value = 1, "a"
    span.attributes.add(key="map").value.kvlist_value.values.add(key="k").value.bool_value = True
    span.attributes.add(key="none")

    await export(client, request)

    shown, _ = await only_span(client)
    assert [
        ("text", "string", "straße"),
        ("yes", "bool", True),
        ("no", "bool", False),
        ("number", "int64", str(-(2**62))),
        ("ratio", "float64", 0.25),
        ("raw", "binary", "AHg="),
        ("list", "string", '[1, "a"]'),
        ("map", "string", '{"k": true}'),
        ("none", "string", ""),
        ("span.kind", "string", "client"),
        ("error", "bool", True),
        ("otel.status_description", "string", "no answer"),
    ] == as_pairs(shown["tags"])


async def test_the_parts_of_a_span(client):
    """Times, the sampled flag, references and events."""
    request = build_export(1, parent_span_id=bytes([9]) * 8, flags=0x101)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.links.add(trace_id=OTHER, span_id=bytes([8]) * 8)
    child = span.links.add(trace_id=OTHER, span_id=bytes([7]) * 8)
    put(child.attributes, {"opentracing.ref_type": "child_of"})
    event = span.events.add(name="retry", time_unix_nano=(START + 5) * 1000)
    put(event.attributes, {"attempt": 2})

    await export(client, request)

    shown, _ = await only_span(client)
    assert [
        ("CHILD_OF", TRACE.hex(), "09" * 8),
        ("FOLLOWS_FROM", OTHER.hex(), "08" * 8),
        ("CHILD_OF", OTHER.hex(), "07" * 8),
    ] == [(one["refType"], one["traceID"], one["spanID"]) for one in shown["references"]]
    (log,) = shown["logs"]
    assert START + 5 == log["timestamp"]
    assert [("event", "string", "retry"), ("attempt", "int64", 2)] == as_pairs(log["fields"])
    fields = ("operationName", "flags", "startTime", "duration")
    assert ("GET /", 1, START, 1500) == tuple(shown[field] for field in fields)


async def test_one_protocols_spans_can_be_read_alone(client):
    """The same trace by both protocols: `via` chooses, as to compare an agent with a collector."""
    trace_id = (1).to_bytes(16, "big")
    await client.post(build_request(2))
    await export(client, build_export(1, trace_id=trace_id, span_id=bytes([9]) * 8))

    async def spans(path):
        return len((await client.get(path))["data"][0]["spans"])

    assert [3, 2, 1] == [
        await spans(f"/api/traces/1{via}") for via in ("", "?via=jaeger", "?via=otlp")
    ]
    assert 1 == await spans("/api/traces?traceID=1&via=otlp")
    await client.get("/api/traces/1?via=smoke", status=404)


async def test_a_second_port_is_as_the_first(start):
    """With --otlp, both ports take both protocols, and both are closed while it is away."""
    client = await start(otlp=Address("127.0.0.1", 0))
    ports = client.addresses.grpc, client.addresses.otlp
    assert {"grpc", "http", "udp", "otlp"} == client.addresses.as_dict().keys()

    for address in map(str, ports):
        async with grpc.aio.insecure_channel(address) as channel:
            await CollectorServiceStub(channel).PostSpans(build_request())
            await channel.unary_unary(EXPORT)(build_export().SerializeToString(), metadata=RIGHT)
    assert 4 == (await client.get("/api/counters"))["spans"]["accepted"]

    await client.stand_in.state.faults.set(Faults(away=True))
    for address in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(address.host, address.port)
    await client.stand_in.state.faults.set(Faults())
    for address in ports:
        _, writer = await asyncio.open_connection(address.host, address.port)
        writer.close()


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ({"Authentication": CANARY}, []),
        ({"authentication": "another region's"}, []),
        (
            {"url": f"http://gateway/adapt_{CANARY}/api"},
            [("url", "string", "http://gateway/adapt_***/api")],
        ),
    ],
)
async def test_a_token_among_the_attributes_is_taken_out(client, where, shown):
    """Spans are accepted, as a gateway would; the token is not kept, and the batch is counted."""
    await export(client, build_export(1, marker="m1", resource=where.items()))

    assert 1 == (await client.get("/api/counters"))["otlp"]["exposed"]
    marker = await client.get("/api/markers/m1")
    assert (1, 1) == (marker["accepted"], marker["exposed"])
    (raw,) = client.stand_in.state.store.batches(TRACE)
    assert all(secret.encode() not in raw for secret in (CANARY, "another region's"))
    _, process = await only_span(client)
    assert shown == as_pairs(process["tags"])
