"""The HTML pages."""

import asyncio
import html
import re
import time

import pytest
from gateway_spans import START, build_request

from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.intake import BadToken
from sidecar.stand_in.show.model import Process, Reference, Span, Trace
from sidecar.stand_in.show.pages import MAX_ROWS, bar, duration_text, rows, time_text
from sidecar.stand_in.sockets import Address
from sidecar.stand_in.stubs.collector_pb2 import BOOL


def make_span(identity, parent=None, start=0, duration=10):
    """Return a span of trace "t"."""
    references = (Reference("CHILD_OF", "t", parent),) if parent else ()
    return Span(
        "t", identity, identity, references, 1, start, duration, (), (), Process("s", ()), ()
    )


def visible(page):
    """Return a page's text without markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.asyncio
async def test_an_empty_page_explains_how_to_send_a_trace(client):
    """Without a trace, the page names the address to point an agent at."""
    assert "No trace yet. Point an agent at" in await client.text("/")


@pytest.mark.asyncio
async def test_the_page_lists_traces_with_their_errors_and_the_refusals(client):
    """The page shows service, operation, duration, spans, errors and refused spans."""
    request = build_request(2)
    request.batch.spans[1].tags.add(key="error", v_type=BOOL, v_bool=True)
    await client.post(request)
    await client.refused(build_request(3, token="wrong"))

    text = visible(await client.text("/"))

    assert "frontend GET / 1.5 ms 2 spans · 1 service · 1 error 2023-11-14 22:13:20 UTC" in text
    assert "refused: wrong token 3" in text


@pytest.mark.asyncio
async def test_the_page_shows_faults_drops_and_datagrams(start):
    """The page shows active faults, dropped and evicted spans, and the UDP side, if any."""
    faults = Faults(latency_ms=1, fail_with="INTERNAL", fail_calls=0)
    client = await start(
        faults=faults, on_bad_token=BadToken.DROP, udp=Address("127.0.0.1", 0), max_spans=1
    )
    await client.post(build_request(2, token="wrong"))
    await client.post(build_request(2))

    text = visible(await client.text("/"))

    assert "Faults in force: INTERNAL 1 ms latency" in text
    assert "dropped silently 2" in text
    assert "evicted 2" in text
    assert "datagrams 0" in text


@pytest.mark.asyncio
async def test_a_trace_is_a_tree_with_tags_and_bars(client):
    """The page of a trace shows each span below its parent, with tags, logs and masked token."""
    request = build_request(2)
    parent, child = request.batch.spans
    child.references.add(trace_id=parent.trace_id, span_id=parent.span_id)
    child.operation_name = "SELECT"
    child.logs.add().timestamp.seconds = START // 1_000_000
    child.logs[0].fields.add(key="event", v_str="retried")
    child.warnings.append("clock skew")
    await client.post(request)

    page = await client.text("/trace/1")

    text = visible(page)
    assert text.index("GET /") < text.index("SELECT")
    assert 'class="name d1"' in page
    for words in ("event retried", "clock skew", "Authentication ***"):
        assert words in text
    assert re.search(r'<rect x="\d+" width="\d+"', page)


@pytest.mark.asyncio
async def test_hostile_names_are_escaped_and_no_script_may_run(client):
    """Markup in names is escaped, and the content policy forbids scripts."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    request = build_request(service=hostile, operation=hostile)
    request.batch.spans[0].tags.add(key=hostile, v_str=hostile)
    await client.post(request)

    for path in ("/", "/trace/1"):
        async with client.http.get(f"http://{client.addresses.http}{path}") as answer:
            body = await answer.text()
        assert "<script" not in body
        assert "<img" not in body
        assert hostile in html.unescape(body)
        assert answer.headers["Content-Security-Policy"].startswith(
            "default-src 'none'; style-src 'self'"
        )
        assert "Server" not in answer.headers


@pytest.mark.asyncio
async def test_an_unknown_trace_has_a_page(client):
    """An unknown trace is answered 404 with a page."""
    for text in ("77", "not-hex"):
        assert "Trace not found" in await client.text(f"/trace/{text}", status=404)


@pytest.mark.asyncio
async def test_a_huge_trace_shows_its_first_rows(client):
    """Rows above the page's limit are counted, not rendered."""
    await client.post(build_request(MAX_ROWS + 5))

    page = await client.text("/trace/1")

    assert MAX_ROWS == page.count("<details")
    assert "5 more spans are only in the JSON" in visible(page)


@pytest.mark.asyncio
async def test_a_huge_trace_does_not_hold_up_the_others(client):
    """Health answers at once while a trace of 20,000 spans is shown as page and as JSON."""
    for first in range(1, 20_000, 10_000):
        await client.post(build_request(10_000, first_span=first))
    waits = []
    for path in ("/trace/1", "/", "/api/traces/1"):
        answer = asyncio.create_task(client.text(path))
        while not answer.done():
            begin = time.monotonic()
            await client.get("/healthz")
            waits.append(time.monotonic() - begin)
        await answer

    assert max(waits) < 1, max(waits)


@pytest.mark.asyncio
async def test_the_style_sheet_is_css(client):
    """The style sheet is served with its content type."""
    async with client.http.get(f"http://{client.addresses.http}/page.css") as answer:
        assert "text/css" == answer.content_type


def test_rows_follow_parents_and_start():
    """Children follow their parent by start time; a span whose parent is absent is a root."""
    spans = (
        make_span("a"),
        make_span("b", "a", 1),
        make_span("x", "absent", 2),
        make_span("c", "b", 3),
    )
    spans += (make_span("d", "a", 4),)

    assert [("a", 0), ("b", 1), ("c", 2), ("d", 1), ("x", 0)] == [
        (row.span.span_id, row.depth) for row in rows(Trace("t", spans))
    ]


def test_rows_survive_circles_depth_and_shared_ids():
    """Every span appears exactly once, even with circles, 10,000 levels or shared IDs."""
    circle = (make_span("a", "b"), make_span("b", "a"), make_span("self", "self"))
    deep = tuple(
        make_span(str(level), str(level - 1) if level else None) for level in range(10_000)
    )
    shared = (make_span("a"), make_span("a"), make_span("b", "a"))

    for spans in (circle, deep, shared):
        assert {id(span) for span in spans} == {id(row.span) for row in rows(Trace("t", spans))}
        assert len(spans) == len(rows(Trace("t", spans)))


def test_the_root_is_the_first_span_without_a_parent():
    """The root is the first span without a parent, or the first span if all have parents."""
    assert "b" == Trace("t", (make_span("a", "b"), make_span("b"))).root.span_id
    assert "a" == Trace("t", (make_span("a", "b"), make_span("b", "a"))).root.span_id


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [(0, 100, (0, 1000)), (50, 25, (500, 250)), (100, 0, (996, 4)), (30, 0, (300, 4))],
)
def test_a_bar_stays_inside_and_visible(start, duration, expected):
    """Offset and width are thousandths of the trace; the width is at least 4."""
    trace = Trace(
        "t", (make_span("a", duration=100), make_span("b", start=start, duration=duration))
    )

    assert expected == bar(trace.spans[1], trace.start, trace.duration)


def test_a_trace_without_duration_has_bars():
    """A trace with a duration of 0 still has a bar."""
    trace = Trace("t", (make_span("a", duration=0),))

    assert (0, 4) == bar(trace.spans[0], trace.start, trace.duration)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 µs"), (999, "999 µs"), (12_345, "12.3 ms"), (4_560_000, "4.56 s")]
)
def test_durations_have_a_fitting_unit(value, text):
    """A duration is shown in µs below a millisecond, then in ms, then in s."""
    assert text == duration_text(value)


def test_a_time_beyond_the_calendar_is_shown_as_a_number():
    """A time after the last date of the calendar is shown in µs."""
    assert "2023-11-14 22:13:20" == time_text(START)
    assert f"{2**62} µs" == time_text(2**62)
