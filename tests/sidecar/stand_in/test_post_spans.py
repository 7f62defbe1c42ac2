"""Spans over gRPC, sent by a real client."""

import asyncio
import socket
import time
from contextlib import suppress

import grpc
import pytest
from gateway_spans import CANARY, build_request

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.intake import BadToken

pytestmark = pytest.mark.asyncio


async def test_accepted_spans_are_counted_and_found(client):
    """A batch with the right token is answered OK; its trace and marker count can be read."""
    await client.post(build_request(3, marker="m1"))

    trace = (await client.get("/api/traces/1"))["data"][0]
    assert ["0000000000000001", "0000000000000002", "0000000000000003"] == [
        s["spanID"] for s in trace["spans"]
    ]
    marker = await client.get("/api/markers/m1")
    assert {
        "marker": "m1",
        "accepted": 3,
        "distinct": 3,
        "distinct_complete": True,
        "refused": 0,
        "dropped": 0,
        "exposed": 0,
        "services": {"frontend": 3},
    } == marker


async def test_a_repeated_batch_counts_twice_and_shows_once(client):
    """A batch that an agent sends again is accepted, but its spans count as distinct only once."""
    await client.post(build_request(2, marker="m1"))
    await client.post(build_request(2, marker="m1"))

    marker = await client.get("/api/markers/m1")
    assert (4, 2) == (marker["accepted"], marker["distinct"])
    assert 2 == len((await client.get("/api/traces/1"))["data"][0]["spans"])


@pytest.mark.parametrize(
    ("token", "reason", "words"),
    [
        ("other@1", "wrong", "is not this gateway's token"),
        (None, "missing", "is missing"),
        ("", "missing", "is missing"),
    ],
)
async def test_a_bad_token_is_refused_by_reason(client, token, reason, words):
    """A bad token is answered UNAUTHENTICATED and counted by reason; its spans are not kept."""
    code, message = await client.refused(build_request(2, token=token, marker="m1"))

    assert "UNAUTHENTICATED" == code
    assert words in message
    counters = await client.get("/api/counters")
    assert 2 == counters["spans"]["refused"][reason]
    assert (0, 0) == (counters["spans"]["accepted"], counters["store"]["spans"])
    marker = await client.get("/api/markers/m1")
    assert (0, 2) == (marker["accepted"], marker["refused"])


async def test_a_refusal_never_shows_a_token(client):
    """The refusal's message contains neither the right nor the wrong token."""
    _, message = await client.refused(build_request(token="wrong@token"))

    assert "wrong@token" not in message
    assert CANARY not in message


async def test_the_drop_mode_answers_ok_and_keeps_nothing(start):
    """With --on-bad-token drop a bad token is answered OK, counted as dropped, and not kept."""
    client = await start(on_bad_token=BadToken.DROP)

    await client.post(build_request(2, token="wrong", marker="m1"))

    counters = await client.get("/api/counters")
    assert (2, 0, 1) == (
        counters["spans"]["dropped"],
        counters["spans"]["refused"]["wrong"],
        counters["batches"]["dropped"],
    )
    assert 2 == (await client.get("/api/markers/m1"))["dropped"]
    await client.get("/api/traces/1", status=404)


async def test_a_second_token_tag_may_be_the_right_one(client):
    """A batch is accepted although the application sets an Authentication tag of its own."""
    request = build_request(token="application's own")
    request.batch.process.tags.add(key="Authentication", v_str=CANARY)

    await client.post(request)

    assert 1 == (await client.get("/api/counters"))["spans"]["accepted"]


@pytest.mark.parametrize("field", ["trace_id", "span_id"])
async def test_ids_of_a_wrong_length_are_refused(client, field):
    """A batch with one malformed ID is refused as a whole with INVALID_ARGUMENT."""
    request = build_request(2)
    setattr(request.batch.spans[1], field, b"\1\2\3")

    code, _ = await client.refused(request)

    assert "INVALID_ARGUMENT" == code
    counters = await client.get("/api/counters")
    assert (1, 0) == (counters["spans"]["refused"]["malformed"], counters["spans"]["accepted"])


async def test_bytes_that_are_no_batch_are_refused(client):
    """A message that is not protobuf is refused with INVALID_ARGUMENT; the server goes on."""
    call = client.channel.unary_unary("/jaeger.api_v2.CollectorService/PostSpans")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"\xff\xff\xff not protobuf")

    assert grpc.StatusCode.INVALID_ARGUMENT == caught.value.code()
    await client.post(build_request())


async def test_a_message_above_the_limit_is_refused(client):
    """A message above 4 MiB is refused with RESOURCE_EXHAUSTED and never parsed."""
    request = build_request()
    request.batch.spans[0].tags.add(key="big", v_binary=b"x" * (5 * 1024 * 1024))

    code, _ = await client.refused(request)

    assert "RESOURCE_EXHAUSTED" == code


async def test_a_span_with_its_own_process_belongs_to_that_service(client):
    """A span's own process, which other clients send, overrides the batch's."""
    request = build_request(2, marker="m1")
    request.batch.spans[1].process.service_name = "backend"

    await client.post(request)

    assert ["backend", "frontend"] == (await client.get("/api/services"))["data"]
    assert {"backend": 1, "frontend": 1} == (await client.get("/api/markers/m1"))["services"]


async def test_latency_delays_the_answer(start):
    """With a latency, each call is answered that much later."""
    client = await start(faults=Faults(latency_ms=150))

    begin = time.monotonic()
    await client.post(build_request())

    assert time.monotonic() - begin >= 0.15


async def test_failures_end_after_fail_calls(start):
    """fail_with refuses the first fail_calls calls unread; the next call is accepted."""
    client = await start(faults=Faults(fail_with="UNAVAILABLE", fail_calls=2))

    refusals = [(await client.refused(build_request()))[0] for _ in range(2)]
    await client.post(build_request())

    assert ["UNAVAILABLE", "UNAVAILABLE"] == refusals
    counters = await client.get("/api/counters")
    assert (2, 1) == (counters["batches"]["failed"], counters["spans"]["accepted"])


async def test_a_failure_without_a_number_of_calls_does_not_end(start):
    """fail_with without fail_calls refuses every call."""
    client = await start(faults=Faults(fail_with="INTERNAL"))

    refusals = [(await client.refused(build_request()))[0] for _ in range(3)]

    assert ["INTERNAL"] * 3 == refusals


async def test_a_black_hole_never_answers_and_does_not_hold_up_the_stop(start):
    """A call into the black hole gets no answer, and the stand-in still stops within 2 s."""
    client = await start(faults=Faults(black_hole=True))
    call = asyncio.ensure_future(client.post(build_request()))
    while not (await client.get("/api/counters"))["batches"]["held"]:
        await asyncio.sleep(0.01)

    assert not call.done()
    begin = time.monotonic()
    await client.stand_in.stop()
    assert time.monotonic() - begin < 2
    with pytest.raises(grpc.aio.AioRpcError):
        await call


async def test_faults_change_at_run_time(client):
    """POST /api/faults sets some faults, leaves the others, and shows those in force."""
    url = f"http://{client.addresses.http}/api/faults"
    async with client.http.post(url, json={"fail_with": "UNAVAILABLE"}) as answer:
        shown = await answer.json()

    expected = {
        "latency_ms": 0,
        "fail_with": "UNAVAILABLE",
        "fail_calls": None,
        "black_hole": False,
        "share": 1.0,
        "reset": False,
        "away": False,
        "bad_token": None,
    }
    assert expected == shown == await client.get("/api/faults")
    assert "UNAVAILABLE" == (await client.refused(build_request()))[0]
    async with client.http.post(url, json={"fail_with": None}):
        await client.post(build_request())


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        "[" * 100_000,
        '{"what": 1}',
        '{"latency_ms": -1}',
        '{"latency_ms": true}',
        '{"fail_with": "OK"}',
        '{"black_hole": "yes"}',
        '{"fail_calls": 1.5}',
        '{"fail_with": ["UNAVAILABLE"]}',
        '{"share": 1.5}',
        '{"share": true}',
        '{"reset": 1}',
        '{"bad_token": "ignore"}',
    ],
)
async def test_invalid_faults_are_refused(client, body):
    """An invalid set of faults is answered 400 in the API's envelope and changes nothing."""
    before = await client.get("/api/faults")
    url = f"http://{client.addresses.http}/api/faults"
    async with client.http.post(
        url, data=body, headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status in (400, 413)
        shown = await answer.json()

    assert answer.status == shown["errors"][0]["code"]
    assert before == await client.get("/api/faults")


async def test_faults_take_only_json(client):
    """A form, which a page of another site could post, is answered 415."""
    url = f"http://{client.addresses.http}/api/faults"
    async with client.http.post(url, data={"black_hole": "true"}) as answer:
        assert 415 == answer.status


async def put(client, **faults):
    """Replace the faults."""
    url = f"http://{client.addresses.http}/api/faults"
    async with client.http.put(url, json=faults) as answer:
        assert 200 == answer.status, await answer.text()
        return await answer.json()


async def accepted_at_last(client, seconds=10):
    """Send a batch until it is accepted: a client notices late that its connection is gone."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(grpc.aio.AioRpcError):
            return await client.post(build_request(marker="m1"), wait_for_ready=True, timeout=10)
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_put_ends_the_faults_that_it_does_not_name(client):
    """PUT /api/faults replaces all faults: those that it does not name end."""
    await put(client, latency_ms=5, fail_with="INTERNAL")

    shown = await put(client, latency_ms=7)

    assert (7, None) == (shown["latency_ms"], shown["fail_with"])
    await client.post(build_request())


async def test_a_share_of_the_calls_fails(client):
    """With a share, about as many calls fail, and the others are accepted."""
    await put(client, fail_with="INTERNAL", share=0.7)

    for _ in range(200):
        with suppress(grpc.aio.AioRpcError):
            await client.post(build_request())

    batches = (await client.get("/api/counters"))["batches"]
    assert 200 == batches["failed"] + batches["accepted"]
    assert 120 <= batches["failed"] <= 160


async def test_a_reset_ends_the_connection_of_the_call(client):
    """With resets, a call fails with its connection; without, the client connects again."""
    await put(client, reset=True)
    code, message = await client.refused(build_request())
    struck = (await client.get("/api/counters"))["batches"]["reset"]
    await put(client)

    await accepted_at_last(client)

    assert ("UNAVAILABLE", 1) == (code, struck)
    assert "a fault" not in message


async def test_a_reset_ends_calls_that_a_black_hole_holds(client):
    """A held call outlives the black hole, as at a gateway that hangs, and ends by a reset."""
    await put(client, black_hole=True)
    call = asyncio.ensure_future(client.post(build_request()))
    while not (await client.get("/api/counters"))["batches"]["held"]:
        await asyncio.sleep(0.01)
    await put(client)
    await asyncio.sleep(0.2)
    outlives = not call.done()

    await put(client, reset=True)

    with pytest.raises(grpc.aio.AioRpcError):
        await asyncio.wait_for(call, 5)
    assert outlives


async def test_an_away_gateway_refuses_connections_until_it_is_back(client):
    """Away, the gRPC port is closed; back, it is the same port, and the counts are kept."""
    address = client.addresses.grpc
    await client.post(build_request(marker="m1"))
    await put(client, away=True)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(address.host, address.port)
    await put(client)

    await accepted_at_last(client)

    assert 2 == (await client.get("/api/markers/m1"))["accepted"]


async def test_a_taken_port_keeps_the_gateway_away(client):
    """If another program took the port meanwhile, the answer is 409, and away stays."""
    await put(client, away=True)
    address = client.addresses.grpc
    with socket.create_server((address.host, address.port)):
        url = f"http://{client.addresses.http}/api/faults"
        async with client.http.put(url, json={}) as answer:
            shown = await answer.json()

    assert 409 == answer.status
    assert "the port is in use" in shown["errors"][0]["msg"]
    assert (await client.get("/api/faults"))["away"]


@pytest.mark.parametrize(("how", "outcome"), [("refuse", "refused"), ("drop", "dropped")])
async def test_every_token_can_count_as_wrong(client, how, outcome):
    """bad_token refuses or silently drops batches with the right token, counted by marker."""
    await put(client, bad_token=how)

    with suppress(grpc.aio.AioRpcError):
        await client.post(build_request(2, marker="m1"))

    marker = await client.get("/api/markers/m1")
    assert (0, 2) == (marker["accepted"], marker[outcome])
