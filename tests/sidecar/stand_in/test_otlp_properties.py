"""OTLP with any content: nothing but a verdict, and no value changes on its way."""

from __future__ import annotations

import math

from fuzzing import cases
from gateway_spans import CANARY
from hypothesis import given
from hypothesis import strategies as st
from otlp_spans import OTHER, TRACE, as_json, build_export, put

from sidecar.stand_in.keep.credentials import Token
from sidecar.stand_in.keep.intake import BadToken, Intake, Verdict
from sidecar.stand_in.keep.store import TraceStore
from sidecar.stand_in.receive.otlp import Call, take
from sidecar.stand_in.show.decoder import Decoder

CALL = Call(CANARY, None, "")
TOKEN = Token(CANARY)


def rich_export():
    """Return a request with every part of a span."""
    request = build_export(2, parent_span_id=bytes(7) + b"\1")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    put(span.attributes, {"text": "x", "number": 1, "yes": True, "ratio": 0.5, "raw": b"\1"})
    items = span.attributes.add(key="list").value.array_value.values
    items.add().kvlist_value.values.add(key="k").value.double_value = math.nan
    span.links.add(trace_id=OTHER, span_id=bytes(8))
    put(span.events.add(name="e").attributes, {"event": 1})
    return request


FORMS = {False: rich_export().SerializeToString(), True: as_json(rich_export())}
CHANGES = st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 5), st.binary(max_size=5)))


def new_intake():
    return Intake(TOKEN, BadToken.REFUSE, TraceStore(100, 1_000_000))


@cases(0.5)
@given(is_json=st.booleans(), changes=CHANGES)
def test_any_bytes_get_a_verdict(turn, is_json, changes):
    """A request with bytes replaced is kept, and can be shown, or it is malformed."""
    intake, body = new_intake(), bytearray(FORMS[is_json])
    for start, length, new in changes:
        place = start % (len(body) + 1)
        body[place : place + length] = new

    verdict = take(bytes(body), CALL, intake, is_json=is_json)

    assert verdict in (Verdict.ACCEPTED, Verdict.MALFORMED)
    for trace_id in intake.store.newest():
        assert Decoder(TOKEN).trace(trace_id, intake.store.batches(trace_id)).spans


VALUES = st.one_of(
    st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary()
)


# an attribute named as the token's tag is left out, as test_otlp_grpc.py shows
NAMES = st.text(min_size=1).filter(lambda name: name.lower() != "authentication")


@cases(0.5)
@given(values=st.dictionaries(NAMES, VALUES), is_json=st.booleans())
def test_values_of_every_type_keep_type_and_value(turn, values, is_json):
    """An attribute is the tag of the same name, type and value, by both forms."""
    intake, request = new_intake(), build_export(1)
    put(request.resource_spans[0].scope_spans[0].spans[0].attributes, values)
    body = as_json(request) if is_json else request.SerializeToString()

    assert Verdict.ACCEPTED is take(body, CALL, intake, is_json=is_json)

    (span,) = Decoder(TOKEN).trace(TRACE, intake.store.batches(TRACE)).spans
    shown = {tag.key: tag.value for tag in span.tags}
    assert values.keys() == shown.keys()
    assert all(repr(values[key]) == repr(shown[key]) for key in values)
