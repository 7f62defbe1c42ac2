"""jaeger-client's datagrams at the agent's UDP port."""

import asyncio
import functools
import socket
import time
from contextlib import suppress

import pytest
import thrift_spans
from gateway_spans import START, build_request
from jaeger_client.thrift_gen.jaeger import ttypes
from thrift.Thrift import TMessageType
from thrift_spans import build_span

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.credentials import Token
from sidecar.stand_in.receive import udp
from sidecar.stand_in.receive.thrift import MalformedError, to_request
from sidecar.stand_in.sockets import Address

ANY = Address("127.0.0.1", 0)
TAGS = [
    ttypes.Tag(key="text", vType=ttypes.TagType.STRING, vStr="straße"),
    ttypes.Tag(key="ratio", vType=ttypes.TagType.DOUBLE, vDouble=0.25),
    ttypes.Tag(key="yes", vType=ttypes.TagType.BOOL, vBool=True),
    ttypes.Tag(key="no", vType=ttypes.TagType.BOOL, vBool=False),
    ttypes.Tag(key="number", vType=ttypes.TagType.LONG, vLong=-(2**62)),
    ttypes.Tag(key="raw", vType=ttypes.TagType.BINARY, vBinary="bytes"),
    ttypes.Tag(key="empty", vType=ttypes.TagType.STRING),
]


datagram = functools.partial(thrift_spans.datagram, tags=TAGS)


async def send(client, *datagrams):
    """Send datagrams and wait until all are decoded."""
    before = (await client.get("/api/counters"))["udp"]["packets"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in datagrams:
            sender.sendto(data, (client.addresses.udp.host, client.addresses.udp.port))
    while True:
        counters = (await client.get("/api/counters"))["udp"]
        done = counters["malformed"] + counters["overflow"] + counters["delivered"]
        if counters["packets"] == before + len(datagrams) == done:
            return counters
        await asyncio.sleep(0.01)


def test_a_datagram_becomes_what_an_agent_sends():
    """A decoded datagram equals the gRPC request that an agent would send."""
    log = ttypes.Log(timestamp=START + 1, fields=TAGS[:1])
    span = build_span(-2, traceIdLow=-1, traceIdHigh=5, tags=TAGS, logs=[log])

    batch = to_request(datagram(span)).batch

    out = batch.spans[0]
    assert (5).to_bytes(8, "big") + b"\xff" * 8 == out.trace_id
    assert (b"\xff" * 7 + b"\xfe", "GET /", 1) == (out.span_id, out.operation_name, out.flags)
    assert START * 1000 == out.start_time.seconds * 10**9 + out.start_time.nanos
    assert 1_500_000 == out.duration.nanos
    assert ["straße", 0.25, True, False, -(2**62), b"bytes", ""] == [
        getattr(tag, ("v_str", "v_bool", "v_int64", "v_float64", "v_binary")[tag.v_type])
        for tag in out.tags
    ]
    assert (START + 1) % 10**6 * 1000 == out.logs[0].timestamp.nanos
    assert "text" == out.logs[0].fields[0].key
    assert ("frontend", len(TAGS)) == (batch.process.service_name, len(batch.process.tags))


def test_a_parent_becomes_the_first_reference_once():
    """A parent ID becomes the first reference, unless the references contain it already."""
    follows = ttypes.SpanRef(refType=1, traceIdLow=1, traceIdHigh=0, spanId=9)
    same = ttypes.SpanRef(refType=0, traceIdLow=1, traceIdHigh=0, spanId=7)

    def references(**changes):
        found = to_request(datagram(build_span(3, **changes))).batch.spans[0].references
        return [(each.ref_type, int.from_bytes(each.span_id, "big")) for each in found]

    assert [] == references()
    assert [(0, 7)] == references(parentSpanId=7)
    assert [(0, 7), (1, 9)] == references(parentSpanId=7, references=[follows])
    assert [(1, 9), (0, 7)] == references(parentSpanId=7, references=[follows, same])


GOOD = datagram(build_span(1, tags=TAGS), build_span(2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x82",
        b"junk",
        b"\x00" * 100,
        b"\xff" * 65_000,
        GOOD[:-20],
        b"\x80" + GOOD[1:],
        b"\x82\x82" + GOOD[2:],
        datagram(message="emitZipkinBatch"),
        datagram(kind=TMessageType.REPLY),
        b"\x82\x81\x00\x09emitBatch\x1c\x1c\x18" + b"\xff" * 5 + b"\x0f",
        b"\x82\x81\x00\xff\xff\xff\xff\x7femitBatch",
    ],
)
def test_what_is_no_batch_is_malformed(data):
    """Any other datagram than an emitBatch message raises MalformedError."""
    with pytest.raises(MalformedError):
        to_request(data)


def varint(number):
    """Return an integer in the bytes of the compact protocol."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


BEGIN = b"\x82\x81\x00\x09emitBatch"
HOSTILE = {
    "list of nothing": BEGIN + b"\x59\xf0" + varint(2**60),
    "short list of nothing": BEGIN + b"\x59\xe0",
    "set of nothing": BEGIN + b"\x5a\xf0" + varint(2**60),
    "map of nothing": BEGIN + b"\x5b" + varint(2**60) + b"\x00",
    "map of integers to nothing": BEGIN + b"\x5b" + varint(2**60) + b"\x60",
    "long list": BEGIN + b"\x59\xf3" + varint(2**60),
    "long list of spans": BEGIN + b"\x1c\x29\xfc" + varint(2**60),
    "nested lists": BEGIN + b"\x59" + b"\x19" * 60_000,
    "endless skipped number": BEGIN + b"\x56" + b"\xff" * 65_000,
    "endless field number": BEGIN + b"\x06" + b"\xff" * 65_000,
    "endless sequence number": b"\x82\x81" + b"\xff" * 65_000,
    "endless length": BEGIN + b"\x58" + b"\xff" * 65_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_datagram_takes_no_more_time_than_its_bytes(data):
    """Numbers and collections that claim to be longer than the datagram are refused."""
    begin = time.process_time()
    with pytest.raises(MalformedError):
        to_request(data)

    assert time.process_time() - begin < 0.1


def test_unknown_fields_are_skipped():
    """Unknown fields of any type, as of a newer client, are ignored."""
    fields = (
        b"\x56\x01",
        b"\x59\x36\x01\x02\x03",
        b"\x5a\x18\x01x",
        b"\x5b\x01\x36\x01\x02",
        b"\x5b\x00",
        b"\x51",
    )

    for field in (*fields, b"\x06\x28\x01"):
        assert to_request(GOOD) == to_request(GOOD[:-1] + field + b"\x00")


@pytest.mark.asyncio
async def test_a_hostile_datagram_does_not_stop_the_gateway(start):
    """The stand-in counts it and accepts the next datagram."""
    client = await start(udp=ANY)

    counters = await send(client, *HOSTILE.values(), GOOD)

    assert (len(HOSTILE), 1) == (counters["malformed"], counters["delivered"])


def test_damaged_datagrams_never_raise_anything_else():
    """A datagram with any byte changed, or cut anywhere, is decoded or malformed."""
    for index, byte in enumerate(GOOD):
        before, after = GOOD[:index], GOOD[index + 1 :]
        for data in (before, before + bytes([byte ^ 0xFF]) + after):
            with suppress(MalformedError):
                to_request(data)


@pytest.mark.asyncio
async def test_datagrams_go_through_the_same_check(start):
    """The UDP side adds the agent's token tag, so the spans are accepted."""
    client = await start(udp=ANY)

    marked = build_span(2, tags=[ttypes.Tag(key="sidecar.marker", vType=0, vStr="m1")])
    counters = await send(client, datagram(build_span(1), marked), b"junk", b"")

    assert (3, 2, 1) == (counters["packets"], counters["malformed"], counters["delivered"])
    marker = await client.get("/api/markers/m1")
    assert (1, 1) == (marker["accepted"], marker["distinct"])
    trace = (await client.get("/api/traces/1"))["data"][0]
    tags = trace["processes"]["p1"]["tags"]
    assert {"key": "Authentication", "type": "string", "value": "***"} in tags
    assert 'sidecar_gateway_datagrams_total{event="malformed"} 2.0' in await client.text("/metrics")


@pytest.mark.asyncio
async def test_another_token_at_the_udp_side_is_refused(start):
    """Spans are refused if --agent-config holds another token."""
    client = await start(udp=ANY, agent_token=Token("other"))

    await send(client, GOOD)

    assert 2 == (await client.get("/api/counters"))["spans"]["refused"]["wrong"]


@pytest.mark.asyncio
async def test_a_burst_arrives_whole(start):
    """A burst of 400 datagrams is read, decoded and accepted; the kernel drops none."""
    client = await start(udp=ANY)

    counters = await send(
        client, *[datagram(*(build_span(number) for number in range(1, 6)))] * 400
    )

    assert 400 == counters["delivered"]
    assert counters["kernel_drops"] in (0, None)
    assert 2000 == (await client.get("/api/counters"))["spans"]["accepted"]


@pytest.mark.asyncio
async def test_waiting_datagrams_are_decoded_at_the_stop(start):
    """Datagrams that wait for the decoder when the stand-in stops are still counted."""
    client = await start(udp=ANY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(50):
            sender.sendto(GOOD, (client.addresses.udp.host, client.addresses.udp.port))

    await client.stand_in.stop()

    assert 100 == client.stand_in.state.counters()["spans"]["accepted"]
    assert client.stand_in.state.counters()["udp"]["kernel_drops"] is None


@pytest.mark.asyncio
async def test_a_decoder_too_far_behind_drops_and_counts(start, monkeypatch):
    """Datagrams beyond the queue's limit are dropped and counted."""
    monkeypatch.setattr(udp, "QUEUE_BYTES", 10)
    client = await start(udp=ANY)

    counters = await send(client, GOOD)

    assert (1, 0) == (counters["overflow"], counters["delivered"])


@pytest.mark.asyncio
async def test_a_fault_strikes_datagrams_as_an_agent_counts_them(start):
    """With fail_with, the spans of a datagram are counted as failed, and not kept."""
    client = await start(udp=ANY, faults=Faults(fail_with="UNAVAILABLE"))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(GOOD, (client.addresses.udp.host, client.addresses.udp.port))
    while not (counters := await client.get("/api/counters"))["spans"]["failed"]:
        await asyncio.sleep(0.01)

    assert (2, 0) == (counters["spans"]["failed"], counters["spans"]["accepted"])


@pytest.mark.asyncio
async def test_datagrams_wait_while_the_gateway_is_silent(start):
    """In the black hole, datagrams wait in the queue; they are accepted when it ends."""
    client = await start(udp=ANY, faults=Faults(black_hole=True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(GOOD, (client.addresses.udp.host, client.addresses.udp.port))
    while not (held := await client.get("/api/counters"))["udp"]["packets"]:
        await asyncio.sleep(0.01)

    await client.stand_in.state.faults.set(Faults())
    while not (counters := await client.get("/api/counters"))["spans"]["accepted"]:
        await asyncio.sleep(0.01)

    assert (0, 2) == (held["spans"]["accepted"], counters["spans"]["accepted"])


@pytest.mark.asyncio
async def test_no_udp_port_means_no_udp_counters(client):
    """Without --udp, the totals have null for `udp`."""
    await client.post(build_request())

    assert (await client.get("/api/counters"))["udp"] is None
