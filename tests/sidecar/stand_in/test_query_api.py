"""Jaeger's query API, and the kit's additions to it."""

import asyncio
import json
from pathlib import Path

import pytest
from gateway_spans import CANARY, START, build_request

from sidecar.stand_in.stubs.collector_pb2 import BINARY, BOOL, FLOAT64, INT64, STRING

pytestmark = pytest.mark.asyncio

GOLDEN = Path(__file__).with_name("trace.golden.json")


def rich_request():
    """Return a batch that uses every field of the protocol."""
    request = build_request(2, trace=0xABC << 64 | 0x123)
    first, second = request.batch.spans
    first.flags = 1
    for key, kind, field, value in (
        ("text", STRING, "v_str", "straße"),
        ("yes", BOOL, "v_bool", True),
        ("small", INT64, "v_int64", -7),
        ("large", INT64, "v_int64", 2**60),
        ("ratio", FLOAT64, "v_float64", 0.25),
        ("endless", FLOAT64, "v_float64", float("inf")),
        ("raw", BINARY, "v_binary", b"\x00\xff" + CANARY.encode()),
        ("quoted token", STRING, "v_str", f"<{CANARY}>"),
        ("authentication", STRING, "v_str", "somebody's"),
    ):
        first.tags.add(key=key, v_type=kind, **{field: value})
    log = second.logs.add()
    log.timestamp.seconds = START // 1_000_000 + 1
    log.fields.add(key="event", v_str="error")
    second.references.add(trace_id=first.trace_id, span_id=first.span_id, ref_type=0)
    second.references.add(
        trace_id=(7).to_bytes(16, "big"), span_id=(9).to_bytes(8, "big"), ref_type=1
    )
    second.warnings.append("clock skew")
    second.process.service_name = "backend"
    second.process.tags.add(key="hostname", v_str="b1")
    return request


async def test_a_trace_reads_as_jaeger_writes_it(client):
    """A trace equals Jaeger's JSON field for field; tokens are masked."""
    await client.post(rich_request())

    actual = await client.get("/api/traces/0abc0000000000000123")

    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == actual


@pytest.mark.parametrize("text", ["ff", "0ff", "00000000000000ff", "0" * 30 + "ff", "FF"])
async def test_a_trace_id_is_read_with_any_number_of_zeros(client, text):
    """A trace is found by its ID with or without leading zeros, in upper or lower case."""
    await client.post(build_request(trace=0xFF))

    assert "00000000000000ff" == (await client.get(f"/api/traces/{text}"))["data"][0]["traceID"]


@pytest.mark.parametrize(("text", "code"), [("zz", 400), ("0" * 33, 400), ("77", 404)])
async def test_an_unknown_trace_is_answered_in_the_envelope(client, text, code):
    """An unknown ID is 404, a malformed one 400, both as {"data": null, "errors": [...]}."""
    answer = await client.get(f"/api/traces/{text}", status=code)

    assert answer["data"] is None
    assert code == answer["errors"][0]["code"]


async def test_an_unknown_path_is_answered_in_the_envelope(client):
    """A path that does not exist is answered 404 in the same envelope."""
    assert [{"code": 404, "msg": "Not Found"}] == (await client.get("/api/what", status=404))[
        "errors"
    ]


async def test_services_and_operations_are_listed(client):
    """Services, operation names and span kinds of the stored traces are listed, sorted."""
    request = build_request(2, operation="GET /")
    request.batch.spans[1].operation_name = "a query"
    request.batch.spans[1].tags.add(key="span.kind", v_str="client")
    await client.post(request)
    await client.post(build_request(service="backend", trace=2, operation="work"))

    services = await client.get("/api/services")
    assert (["backend", "frontend"], 2) == (services["data"], services["total"])
    names = await client.get("/api/services/frontend/operations")
    assert ["GET /", "a query"] == names["data"]
    client_side = await client.get("/api/operations?service=frontend&spanKind=client")
    assert [{"name": "a query", "spanKind": "client"}] == client_side["data"]
    assert 2 == (await client.get("/api/operations?service=frontend"))["total"]
    await client.get("/api/operations", status=400)
    assert [] == (await client.get("/api/dependencies?endTs=1&lookback=1"))["data"]


async def search(client, **fields):
    """Return the IDs of the traces that a search finds, as numbers."""
    found = (await client.get("/api/traces", params={"service": "frontend", **fields}))["data"]
    return [int(trace["traceID"], 16) for trace in found]


async def test_a_search_needs_one_span_that_meets_all_conditions(client):
    """One span of a found trace must match service, operation, tags, duration and time."""
    tagged = build_request(trace=2, operation="POST /")
    tagged.batch.spans[0].tags.add(key="http.status_code", v_type=INT64, v_int64=500)
    tagged.batch.spans[0].tags.add(key="error", v_type=BOOL, v_bool=True)
    tagged.batch.spans[0].logs.add().fields.add(key="event", v_str="boom")
    tagged.batch.spans[0].duration.nanos = 9_000_000
    for request in (build_request(trace=1), tagged, build_request(trace=3, service="backend")):
        await client.post(request)

    assert [2, 1] == await search(client)
    assert [2] == await search(client, operation="POST /")
    assert [2] == await search(client, tags='{"http.status_code":"500","error":"true"}')
    assert [2] == await search(client, tag="event:boom")
    assert [] == await search(client, tags='{"error":"true"}', operation="GET /")
    assert [2] == await search(client, minDuration="2ms")
    assert [1] == await search(client, maxDuration="1s500us", minDuration="1us", operation="GET /")
    assert [2, 1] == await search(client, start=str(START), end=str(START + 10))
    assert [] == await search(client, end=str(START - 1))
    assert [] == await search(client, lookback="1h")
    assert [2, 1] == await search(client, lookback="custom", limit="20")
    assert [2] == await search(client, limit="1")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "'service' is required"),
        ("service=a&start=x", "'start'"),
        ("service=a&limit=1.5", "'limit'"),
        ("service=a&minDuration=5", "'minDuration'"),
        ("service=a&minDuration=2s&maxDuration=1s", "greater than"),
        ("service=a&tag=novalue", "'tag'"),
        ("service=a&tags=[1]", "'tags'"),
        ("service=a&tags=%7B%22a%22:1%7D", "'tags'"),
        ("service=a&tags=%7B", "'tags'"),
        ("traceID=xyz", "traceID"),
    ],
)
async def test_an_invalid_search_is_refused(client, query, words):
    """An invalid search is answered 400 with the name of the parameter."""
    answer = await client.get(f"/api/traces?{query}", status=400)

    assert words in answer["errors"][0]["msg"]


async def test_traces_are_fetched_by_ids(client):
    """`traceID` parameters fetch those traces; unknown ones are named."""
    await client.post(build_request(trace=1))

    answer = await client.get("/api/traces?traceID=1&traceID=2")

    assert ["0000000000000001"] == [trace["traceID"] for trace in answer["data"]]
    assert [{"msg": "trace not found", "traceID": "2"}] == answer["errors"]


async def test_a_search_of_many_traces_misses_none(client):
    """A search that decodes in several chunks finds every trace, up to its limit."""
    await asyncio.gather(*(client.post(build_request(trace=number)) for number in range(1, 131)))

    assert 130 == len(await search(client, limit="1500"))
    assert 75 == len(await search(client, limit="75"))


async def test_an_unknown_marker_counts_zero(client):
    """A marker that never arrived has zeros, without an error."""
    marker = await client.get("/api/markers/never")

    assert (0, 0, {}) == (marker["accepted"], marker["distinct"], marker["services"])


async def test_a_store_that_is_full_keeps_the_newest_traces_and_all_marker_counts(start):
    """Above --max-spans, the oldest traces are evicted and counted; markers keep their counts."""
    client = await start(max_spans=10)
    for trace in range(1, 6):
        await client.post(build_request(3, trace=trace, marker="m1", first_span=trace * 10))

    assert [5, 4, 3] == await search(client)
    counters = await client.get("/api/counters")
    assert (6, 9, 2) == (
        counters["spans"]["evicted"],
        counters["store"]["spans"],
        counters["store"]["evicted_traces"],
    )
    assert 15 == (await client.get("/api/markers/m1"))["distinct"]


@pytest.mark.asyncio
async def test_batches_without_spans_leave_room_for_traces(start):
    """A batch without spans is accepted but not stored, so it uses none of the store's bytes."""
    client = await start(max_bytes=100_000)
    for _ in range(5):
        await client.post(build_request(0, service="s" * 60_000))
    await client.post(build_request())

    counters = await client.get("/api/counters")
    assert (6, 1) == (counters["batches"]["accepted"], counters["store"]["traces"])
    assert counters["store"]["bytes"] < 2000


@pytest.mark.asyncio
async def test_a_value_of_an_unknown_type_harms_no_page(client):
    """A negative type, which the protocol allows, is shown as the first one."""
    request = build_request()
    request.batch.spans[0].tags.add(key="unusual", v_type=-7, v_str="text")
    request.batch.spans[0].references.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, ref_type=-7)
    await client.post(request)

    assert 1 == len((await client.get("/api/traces?service=frontend"))["data"])
    for path in ("/", "/trace/1"):
        assert "frontend" in await client.text(path)


async def test_metrics_show_the_same_totals(client):
    """Prometheus metrics count accepted, refused and stored spans."""
    await client.post(build_request(3))
    await client.refused(build_request(2, token="wrong"))

    text = await client.text("/metrics")

    assert 'sidecar_gateway_spans_total{result="accepted"} 3.0' in text
    assert 'sidecar_gateway_spans_total{result="refused_wrong"} 2.0' in text
    assert "sidecar_gateway_stored_spans 3.0" in text
    assert "datagrams" not in text


async def test_health_answers(client):
    """/healthz is answered 200 while the stand-in runs."""
    assert {"status": "ok"} == await client.get("/healthz")


async def test_the_token_is_in_no_answer(client):
    """No HTTP path returns the token, wherever a batch contains it."""
    request = build_request(2, service=f"svc {CANARY}", operation=CANARY, marker="m1")
    span = request.batch.spans[0]
    span.tags.add(key=CANARY, v_str=CANARY)
    span.tags.add(key="span.kind", v_str=CANARY)
    span.logs.add().fields.add(key="x", v_binary=CANARY.encode(), v_type=BINARY)
    span.warnings.append(CANARY)
    await client.post(request)
    await client.refused(build_request(token=f"almost {CANARY}"))

    paths = (
        "/ /trace/1 /metrics /api/traces/1 /api/services /api/markers/m1 /api/counters"
        " /api/faults /api/traces?service=svc%20*** /api/operations?service=svc%20***"
    )
    for path in paths.split():
        assert CANARY not in await client.text(path), path
    assert CANARY not in repr(client.stand_in._settings)
