"""The stand-in's parts at their limits: token file, store, markers, log, addresses."""

import logging
import socket

import pytest
from gateway_spans import CANARY, build_request

from sidecar.errors import SidecarError
from sidecar.stand_in import sockets
from sidecar.stand_in.event_log import EventLog
from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.credentials import Presented, Token, read_token
from sidecar.stand_in.keep.markers import Markers
from sidecar.stand_in.keep.store import TraceStore
from sidecar.stand_in.show.decoder import Decoder
from sidecar.stand_in.sockets import Address


def test_both_tokens_of_a_rotation_are_right_and_masked(tmp_path):
    """The tokens of all given files are valid; any other token is not."""
    paths = []
    for name in ("old", "new"):
        paths.append(tmp_path / name)
        paths[-1].write_text(f"agent: {{tags: Authentication={name}-token}}")
    token = read_token(*paths)
    found = {
        name: token.check(build_request(token=f"{name}-token").batch.process)
        for name in ("old", "new", "other")
    }

    assert {"old": Presented.RIGHT, "new": Presented.RIGHT, "other": Presented.WRONG} == found
    assert ("*** ***", b"*** ***") == (
        token.mask("old-token new-token"),
        token.mask_bytes(b"old-token new-token"),
    )


@pytest.mark.parametrize(
    "texts", [("abc", "abc@def"), ("abc@def", "abc"), ("def", "abc@def", "abc")]
)
def test_a_token_within_another_leaves_no_rest(texts):
    """If one token is part of another, both are masked completely."""
    token = Token(*texts)

    assert ("<***>", b"<***>") == (token.mask("<abc@def>"), token.mask_bytes(b"<abc@def>"))


@pytest.mark.parametrize(
    "text",
    [
        f'agent:\n  tags: "Authentication={CANARY}"\n',
        f"agent: {{tags: 'Authentication = {CANARY} '}}",
        f'jaeger:\n  tags: "Authentication={CANARY}"\n',
        f"# written by sidecar\n{{agent: {{tags: Authentication={CANARY}}}}}",
    ],
)
def test_the_token_file_is_the_agents(tmp_path, text):
    """Every YAML form of the agent's one key is read, without the blanks that the agent trims."""
    path = tmp_path / "agent.yaml"
    path.write_text(text, encoding="utf-8")

    assert "***" == read_token(path).mask(CANARY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"agent:",
        b"\xff\xfe",
        f"agent: {{tags: [{CANARY}]}}".encode(),
        f"Authentication={CANARY}".encode(),
        f"agent: {{tags: 'Authentication={CANARY},b=c'}}".encode(),
        f"agent: {{tags: 'Authentication={CANARY}', other: 1}}".encode(),
        f"agent: {{tags: 'Authentication={CANARY}'}}\nreporter: {{}}".encode(),
        f"agent: {{tags: 'Token={CANARY}'}}".encode(),
        f"agent: {{tags: *{CANARY.replace('@', '')}}}".encode(),
        b"agent: {tags: 'Authentication='}",
        b"agent: {tags: 'Authentication=${TOKEN}'}",
    ],
)
def test_any_other_token_file_is_refused_without_showing_it(tmp_path, content):
    """Any other file is refused with its name and the expected form, but not its content."""
    path = tmp_path / "agent.yaml"
    path.write_bytes(content)

    with pytest.raises(SidecarError) as caught:
        read_token(path)

    assert str(path) in str(caught.value)
    assert "Its content must be one YAML key" in str(caught.value)
    error = caught.value
    while error:
        assert "canary" not in str(error)
        error = error.__cause__


def test_a_missing_token_file_is_an_error(tmp_path):
    """The error names the file."""
    with pytest.raises(SidecarError, match=r"none\.yaml: No such file or directory"):
        read_token(tmp_path / "none.yaml")


def test_a_token_cannot_be_printed():
    """Neither repr nor str of a token contains it."""
    assert "Token(***)" == repr(Token(CANARY)) == str(Token(CANARY))


def add(store, trace, count=1, size=10):
    """Put a batch of `count` spans of one trace into a store."""
    trace_id = trace.to_bytes(16, "big")
    store.add(b"x" * size, {trace_id: count}, {trace_id: {"s"}})


def test_the_store_is_bounded_by_bytes():
    """Above the limit of bytes, the oldest traces are evicted, even if there are few spans."""
    store = TraceStore(max_spans=10**6, max_bytes=10_000)
    for trace in range(100):
        add(store, trace, size=1000)

    assert store.bytes <= 10_000
    assert 0 < len(store) < 10
    assert 99 == int.from_bytes(next(store.newest()), "big")
    assert 100 == len(store) + store.evicted_traces


def test_a_trace_larger_than_the_store_does_not_stay():
    """A single trace above the limit is evicted, and nothing of it remains."""
    store = TraceStore(max_spans=10, max_bytes=10**6)
    add(store, 1, count=11)

    assert (0, 0, 0, 11) == (len(store), store.spans, store.bytes, store.evicted_spans)


def test_a_batch_stays_until_its_last_trace_leaves():
    """A batch of two traces is kept, and counted once, while one of them is stored."""
    store = TraceStore(max_spans=2, max_bytes=10**6)
    first, second = b"1" * 16, b"2" * 16
    store.add(b"x" * 5000, {first: 1, second: 1}, {first: {"s"}, second: {"s"}})
    add(store, 3)

    assert [] == store.batches(first)
    assert [b"x" * 5000] == store.batches(second)
    assert 5000 < store.bytes < 10_000
    add(store, 4)
    assert store.bytes < 5000


def test_a_trace_that_leaves_during_a_listing_is_skipped():
    """A listing does not fail while traces are evicted, and skips them."""
    store = TraceStore(max_spans=2, max_bytes=10**6)
    add(store, 1)
    add(store, 2)
    listing = store.newest()
    assert 2 == int.from_bytes(next(listing), "big")
    add(store, 3)

    assert [] == list(listing)


def test_the_oldest_markers_are_forgotten():
    """Above the limit of markers, the least recently used one is forgotten."""
    markers = Markers(max_markers=2)
    for marker in ("a", "b", "a", "c"):
        markers.accepted(build_request(marker=marker).batch)

    assert [2, 0, 1] == [markers.report(marker)["accepted"] for marker in "abc"]


def test_distinct_ids_are_bounded():
    """Beyond the limit of IDs, older markers go first; a single marker stops counting IDs."""
    markers = Markers(max_ids=5)
    markers.accepted(build_request(3, marker="old").batch)
    markers.accepted(build_request(8, marker="new").batch)

    assert 0 == markers.report("old")["accepted"]
    report = markers.report("new")
    assert (8, 5, False) == (report["accepted"], report["distinct"], report["distinct_complete"])


def test_long_markers_and_many_services_are_bounded():
    """A marker above 256 characters is ignored, and the services per marker are limited."""
    markers = Markers()
    markers.accepted(build_request(marker="m" * 257).batch)
    for number in range(1010):
        markers.accepted(build_request(marker="m", service=f"s{number}").batch)

    assert 0 == markers.report("m" * 257)["accepted"]
    assert (1010, 1000) == (markers.report("m")["accepted"], len(markers.report("m")["services"]))


def test_events_are_logged_once_then_counted(caplog):
    """The first event of a kind is logged at once, later ones as a count."""
    caplog.set_level(logging.WARNING)
    events = EventLog(interval=3600)
    for _ in range(5):
        events.note("refused", 2)
    events.note("other")

    assert ["refused: 2", "other: 1"] == caplog.messages
    events.flush()
    assert ["refused: 8 more"] == caplog.messages[2:]


def test_events_are_logged_again_after_the_interval(caplog):
    """After the interval, the next event is logged with the count."""
    caplog.set_level(logging.WARNING)
    events = EventLog(interval=0)
    events.note("refused")
    events.note("refused", 3)

    assert ["refused: 1", "refused: 3 more"] == caplog.messages


@pytest.mark.parametrize("text", ["", "h", ":1", "h:", "h:-1", "h:65536", "h:1.5", "h:\u0661"])
def test_an_invalid_address_is_refused(text):
    """The ValueError names a text that is not HOST:PORT."""
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        Address.parse(text)


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:1883", "gateway.local:65535"])
def test_an_address_prints_as_it_was_read(text):
    """A parsed address prints as it was given, with the brackets of an IPv6 host."""
    assert text == str(Address.parse(text))


def test_where_proc_is_missing_nothing_is_known(monkeypatch, tmp_path):
    """Without /proc, the error of a taken port names no holder, and drops are unknown."""
    monkeypatch.setattr(sockets, "_PROC", tmp_path)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = Address("127.0.0.1", holder.getsockname()[1])
        with pytest.raises(SidecarError, match="Address already in use"):
            sockets.bind(address, socket.SOCK_STREAM)
    assert sockets.kernel_drops(1) is None


def test_a_holder_that_cannot_be_seen_is_not_named(monkeypatch, tmp_path):
    """A port held by another user's process has no known holder."""
    (tmp_path / "net").mkdir()
    row = "0: 0100007F:075B 00000000:0000 0A 0:0 0:0 0 0 0 4711 1"
    (tmp_path / "net" / "tcp").write_text(f"head\n {row}\n", encoding="utf-8")
    (tmp_path / "1").mkdir()
    (tmp_path / "self").mkdir()
    monkeypatch.setattr(sockets, "_PROC", tmp_path)

    assert sockets.port_holder(1883, socket.SOCK_STREAM) is None


def test_faults_name_what_is_wrong():
    """An invalid value is a ValueError that names the field."""
    for values, words in (
        ({"latency_ms": 10**9}, "latency_ms"),
        ({"fail_calls": -1}, "fail_calls"),
        ({"fail_with": "NOPE"}, "fail_with"),
        ({"black_hole": 1}, "black_hole"),
    ):
        with pytest.raises(ValueError, match=words):
            Faults(**values)


@pytest.mark.parametrize(("value", "reference"), [(17, 9), (-7, -1), (-(2**31), -(2**31))])
def test_values_that_the_wire_allows_but_jaeger_does_not_are_shown(value, reference):
    """Unknown types of values and references, and times before 1970, are decoded."""
    request = build_request()
    span = request.batch.spans[0]
    span.tags.add(key="unusual", v_type=value, v_str="text")
    span.references.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, ref_type=reference)
    span.start_time.seconds = -5

    decoded = Decoder(Token(CANARY)).trace(span.trace_id, [request.SerializeToString()]).spans[0]

    assert ("string", "text") == (decoded.tags[0].type, decoded.tags[0].value)
    assert ("CHILD_OF", 0) == (decoded.references[0].type, decoded.start)
