"""Spans by OTLP over HTTP, on the port of the page."""

import asyncio
import gzip
import json

import aiohttp
import pytest
from gateway_spans import CANARY, START
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess
from otlp_spans import OTHER, TRACE, add_resource, as_json, build_export

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.receive import otlp_http

pytestmark = pytest.mark.asyncio

PATH = f"/adapt_{CANARY}/api/otlp/traces"
PROTOBUF, JSON = "application/x-protobuf", "application/json"


async def post(client, body, path=PATH, content_type=PROTOBUF, **headers):
    """Return the status, type and body of an answer."""
    raw = body if isinstance(body, bytes) else body.SerializeToString()
    headers = {"Content-Type": content_type, **headers}
    timeout = aiohttp.ClientTimeout(total=1)
    async with client.http.post(
        f"http://{client.addresses.http}{path}", data=raw, headers=headers, timeout=timeout
    ) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_protobuf_and_json_are_kept_as_the_same_spans(client):
    """Both forms, compressed or not, make one span; the answer is the empty success of its form."""
    request = build_export(1, marker="m1", parent_span_id=bytes(7) + b"\1")
    request.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=OTHER, span_id=b"\2" * 8)

    assert (200, PROTOBUF, b"") == await post(client, request)
    assert (200, JSON, b"{}") == await post(client, as_json(request), content_type=JSON)
    packed = gzip.compress(request.SerializeToString())
    assert 200 == (await post(client, packed, **{"Content-Encoding": "gzip"}))[0]

    marker = await client.get("/api/markers/m1")
    assert (3, 1) == (marker["accepted"], marker["distinct"])
    (trace,) = (await client.get(f"/api/traces/{TRACE.hex()}"))["data"]
    (span,) = trace["spans"]
    assert (START, 2) == (span["startTime"], len(span["references"]))
    counters = await client.get("/api/counters")
    assert {"grpc": 0, "http": 3, "exposed": 0} == counters["otlp"]


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("/adapt_other@1/api/otlp/traces", 403, "wrong"),
        ("/adapt_/api/otlp/traces", 401, "missing"),
    ],
)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
async def test_a_bad_token_is_refused_by_reason(client, path, code, reason, content_type):
    """The answer is a google.rpc.Status in the request's form, without any token."""
    request = build_export(2, marker="m1")
    body = as_json(request) if content_type == JSON else request
    status, form, answer = await post(client, body, path, content_type)

    assert (code, content_type) == (status, form)
    text = (
        json.loads(answer)["message"]
        if form == JSON
        else ExportTracePartialSuccess.FromString(answer).error_message
    )
    assert text.startswith("the token in the path is ")
    assert b"other@1" not in answer
    counters = await client.get("/api/counters")
    assert (2, 0) == (counters["spans"]["refused"][reason], counters["spans"]["accepted"])
    assert 2 == (await client.get("/api/markers/m1"))["refused"]


@pytest.mark.parametrize("path", [f"{PATH}/v1/traces", f"/adapt_{CANARY}/api/traces"])
async def test_another_path_behind_the_token_is_no_endpoint(client, path):
    """A wrong endpoint is answered as a wrong token, 403, and the words name the right path."""
    status, _, answer = await post(client, build_export(), path)

    assert (403, True) == (status, b"api/otlp/traces" in answer)
    assert CANARY.encode() not in answer


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"\xff\xff not protobuf", {}, 400),
        (build_export(trace_id=b"\1").SerializeToString(), {}, 400),
        (b"{", {"content_type": JSON}, 400),
        (b"[" * 5000, {"content_type": JSON}, 400),
        (b'{"resourceSpans": 1}', {"content_type": JSON}, 400),
        (b"hello", {"content_type": "text/plain"}, 400),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(bytes(otlp_http.MAX_BODY + 1)), {"Content-Encoding": "gzip"}, 413),
    ],
    ids=["bytes", "ids", "cut", "deep", "type", "text", "no gzip", "too long"],
)
async def test_what_is_no_batch_is_refused(client, body, headers, code):
    """A wrong form is 400, and what is too long after decompression 413; both are counted."""
    assert code == (await post(client, body, **headers))[0]
    assert 1 == (await client.get("/api/counters"))["spans"]["refused"]["malformed"]


async def test_a_body_that_does_not_end_is_refused(client, monkeypatch):
    """A sender that stops in the middle of its body is answered 408."""
    monkeypatch.setattr(otlp_http, "_BODY_SECONDS", 0.1)
    host, port = client.addresses.http.host, client.addresses.http.port
    reader, writer = await asyncio.open_connection(host, port)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: {PROTOBUF}\r\nContent-Length: 9\r\n\r\n"
    )
    writer.write(head.encode() + b"\1")

    assert b"408" in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


@pytest.mark.parametrize(("status", "code"), sorted(otlp_http.BY_STATUS.items()))
async def test_a_fault_is_answered_by_the_vendors_table(client, status, code):
    """Each gRPC status of a fault has its HTTP code; the calls count as failed."""
    await client.stand_in.state.faults.set(Faults(fail_with=status))

    assert code == (await post(client, build_export()))[0]
    assert 1 == (await client.get("/api/counters"))["batches"]["failed"]


@pytest.mark.parametrize(
    ("faults", "counted", "error"),
    [
        (Faults(reset=True), "reset", aiohttp.ClientError),
        (Faults(away=True), "reset", aiohttp.ClientError),
        (Faults(black_hole=True), "held", asyncio.TimeoutError),
        (Faults(latency_ms=2000), "accepted", asyncio.TimeoutError),
    ],
)
async def test_faults_of_the_connection_strike_only_what_sends_spans(
    client, faults, counted, error
):
    """A call is reset, held or late; the page on the same port still answers."""
    await client.stand_in.state.faults.set(faults)

    with pytest.raises(error):
        await post(client, build_export())

    assert 1 == (await client.get("/api/counters"))["batches"][counted]


async def test_a_reset_ends_what_a_black_hole_holds(client):
    """A held call ends with its connection as soon as connections are reset."""
    await client.stand_in.state.faults.set(Faults(black_hole=True))
    held = asyncio.create_task(post(client, build_export()))
    await asyncio.sleep(0.2)
    await client.stand_in.state.faults.set(Faults(reset=True))

    with pytest.raises(aiohttp.ClientError):
        await held


async def test_a_share_of_the_calls_fails(client):
    """With a share, the other calls are accepted."""
    await client.stand_in.state.faults.set(Faults(fail_with="UNAVAILABLE", share=0.5))

    codes = {(await post(client, build_export()))[0] for _ in range(20)}

    assert {200, 503} == codes


async def test_several_services_are_a_batch_each(client):
    """What a collector sends of several services counts and shows by service."""
    request = build_export(1, marker="m1")
    add_resource(request, 1, service="backend", marker="m1", trace_id=OTHER)
    await post(client, request)

    assert ["backend", "frontend"] == (await client.get("/api/services"))["data"]
    reported = await client.get("/api/counters")
    assert 2 == reported["batches"]["accepted"]
