"""What a collector is answered, by what its gateway says of the token and of the spans."""

from __future__ import annotations

import asyncio
import os

import pytest
from gateway_spans import CANARY
from otlp_spans import build_export

from sidecar.stand_in.faults import Faults

pytestmark = pytest.mark.asyncio

BATCHES, SPANS = 40, 25


def numbered(number, marker="m"):
    """Return a batch whose spans no other batch has."""
    trace = number.to_bytes(16, "big")
    return build_export(SPANS, marker=marker, trace_id=trace).SerializeToString()


async def until_taken(way, raw):
    """Repeat a call as an exporter does, at once; return the codes before it was taken."""
    codes = []
    while (code := (await way.call(raw))[0]) == "UNAVAILABLE":
        codes.append(code)
        await asyncio.sleep(0.01)
    assert "OK" == code
    return codes


def replace_token(path, text):
    """Replace a token file in one step, as `sidecar token` does."""
    new = path.with_name("new")
    new.write_text(text)
    new.replace(path)


async def test_a_wrong_token_costs_nothing_under_load(way):
    """Each call is to be repeated until the right token is there: then all arrive, each once."""
    forwarder = await way(token="wrong@token")
    sending = [
        asyncio.create_task(until_taken(forwarder, numbered(number))) for number in range(BATCHES)
    ]
    while forwarder.forwarding.counters.held.total() < 3 * BATCHES:
        await asyncio.sleep(0.01)

    replace_token(forwarder.token, CANARY)
    refused = await asyncio.gather(*sending)

    assert all(refused)
    counts = await forwarder.counted("m")
    assert (BATCHES * SPANS,) * 2 == (counts["accepted"], counts["distinct"])
    assert 0 == forwarder.forwarding.counters.dropped.total()


async def test_what_is_wrong_with_the_spans_is_not_repeated(way):
    """A broken batch is refused for good between good ones, and counted."""
    forwarder = await way()

    answers = [await forwarder.call(raw) for raw in (numbered(1), b"broken", numbered(2))]

    assert ["OK", "INVALID_ARGUMENT", "OK"] == [code for code, _ in answers]
    state = "[gateway-refused-batch]"
    assert state in answers[1][1]
    metrics = await forwarder.own("/metrics")
    label = '{code="INVALID_ARGUMENT",rule="gateway-refused-batch"}'
    assert f"sidecar_forwarder_dropped_calls_total{label} 1" in metrics
    assert "sidecar_forwarder_holding 0" in metrics


@pytest.mark.parametrize(
    ("status", "code", "rule"),
    [
        ("UNAUTHENTICATED", "UNAVAILABLE", "token-refused"),
        ("PERMISSION_DENIED", "UNAVAILABLE", "token-refused"),
        ("RESOURCE_EXHAUSTED", "UNAVAILABLE", "gateway-quota-exceeded"),
        ("FAILED_PRECONDITION", "UNAVAILABLE", "gateway-collection-off"),
        ("UNIMPLEMENTED", "UNAVAILABLE", "gateway-without-grpc"),
        ("UNAVAILABLE", "UNAVAILABLE", "gateway-unavailable"),
        ("INVALID_ARGUMENT", "INVALID_ARGUMENT", "gateway-refused-batch"),
    ],
)
async def test_only_what_is_to_be_repeated_looks_so(way, status, code, rule):
    """Whatever a gateway answers, by either protocol; the rule says why."""
    forwarder = await way(faults=Faults(fail_with=status))

    answer, words = await forwarder.call(numbered(1))

    assert (code, True) == (answer, words.endswith(f"[{rule}]"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        (" \n", "is empty"),
        ("two words", "holds characters that no call can carry"),
    ],
)
async def test_no_call_goes_without_a_token(way, content, why):
    """It is held with the cause, and the gateway hears nothing of it."""
    forwarder = await way(token=content)

    code, words = await forwarder.call(numbered(1))

    assert "UNAVAILABLE" == code
    assert why in words
    assert "[forwarder-without-token]" in words
    assert 0 == forwarder.stand_in.state.intake.counters.batches.refused
    forwarder.token.write_text(f"{CANARY}\n")
    assert "OK" == (await forwarder.call(numbered(1)))[0]


async def test_the_gateways_time_is_the_collectors(way):
    """A gateway that does not answer costs a call its own deadline, and is named so."""
    forwarder = await way(faults=Faults(latency_ms=5000))

    code, _ = await forwarder.call(numbered(1), seconds=0.3)

    assert "DEADLINE_EXCEEDED" == code


async def test_more_calls_than_may_be_are_to_be_repeated(way):
    """One too many waits in its collector, not in the forwarder's memory."""
    forwarder = await way(calls=2, faults=Faults(latency_ms=600_000))
    counters = forwarder.forwarding.counters
    slow = [asyncio.create_task(forwarder.call(numbered(number), 600)) for number in range(2)]
    while counters.under_way < 2:
        await asyncio.sleep(0.01)

    code, _ = await forwarder.call(numbered(3))

    assert ("UNAVAILABLE", 1) == (code, counters.busy)
    for call in slow:
        call.cancel()
    while counters.under_way:
        await asyncio.sleep(0.01)
    assert 2 == counters.abandoned


async def test_what_is_under_way_at_the_end_is_finished(way):
    """A signal lets the gateway's answer come first."""
    forwarder = await way(faults=Faults(latency_ms=400))
    call = asyncio.create_task(forwarder.call(numbered(1)))
    while not forwarder.forwarding.counters.under_way:
        await asyncio.sleep(0.01)

    await forwarder.end()

    assert ("OK", b"") == await call


async def test_no_surface_holds_the_token(way, caplog, capfd):
    """Neither answers, log, output nor counters, right or wrong, with the gateway there or not."""
    forwarder = await way(token=f"{CANARY}-wrong")
    shown = [await forwarder.call(numbered(1))]
    replace_token(forwarder.token, CANARY)
    shown += [await forwarder.call(raw) for raw in (numbered(1), b"broken", os.urandom(99))]
    await forwarder.stand_in.stop()
    shown += [await forwarder.call(numbered(1), 1.0)]

    shown += [await forwarder.own(path) for path in ("/metrics", "/state", "/healthz", "/x")]
    shown += [caplog.text, *capfd.readouterr()]

    assert "token-refused" in caplog.text
    assert CANARY not in str(shown)
