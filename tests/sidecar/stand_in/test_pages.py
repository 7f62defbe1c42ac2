"""The HTML pages."""

import asyncio
import html
import re
import time

import pytest
from copies import ROOT
from gateway_spans import START, build_request

from sidecar.rules.agents import ADMIN_PORT
from sidecar.stand_in.faults import Faults
from sidecar.stand_in.keep.intake import BadToken
from sidecar.stand_in.show.form import LIMITS
from sidecar.stand_in.show.trace_page import MAX_INLINE, MAX_ROWS
from sidecar.stand_in.sockets import Address
from sidecar.stand_in.stubs.collector_pb2 import BOOL

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
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
    faults = Faults(latency_ms=1)
    client = await start(
        faults=faults, on_bad_token=BadToken.DROP, udp=Address("127.0.0.1", 0), max_spans=1
    )
    await client.post(build_request(2, token="wrong"))
    await client.post(build_request(2))

    text = visible(await client.text("/"))

    assert "Faults in force: answers take 1 ms longer" in text
    assert "dropped silently 2" in text
    assert "evicted from the store 2" in text
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
async def test_hostile_names_are_escaped_and_only_the_own_script_may_run(client):
    """Markup in names is escaped, and the content policy allows no script within a page."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    request = build_request(service=hostile, operation=hostile)
    request.batch.spans[0].tags.add(key=hostile, v_str=hostile)
    await client.post(request)
    await client.refused(build_request(service=hostile, token="wrong"))

    for path in ("/", "/live", "/trace/1", "/trace/1/span/0000000000000001"):
        async with client.http.get(f"http://{client.addresses.http}{path}") as answer:
            body = await answer.text()
        assert "<script" not in body.replace('<script src="/page.js" defer></script>', "")
        assert "<img" not in body
        assert hostile in html.unescape(body)
        assert POLICY == answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


@pytest.mark.asyncio
async def test_an_unknown_trace_has_a_page(client):
    """An unknown trace is answered 404 with a page."""
    for text in ("77", "not-hex"):
        assert "Trace not found" in await client.text(f"/trace/{text}", status=404)


@pytest.mark.asyncio
async def test_a_huge_trace_has_several_pages(client):
    """Each page has a part of the rows, and links to all parts that keep what was asked for."""
    await client.post(build_request(MAX_ROWS + 5))

    first = await client.text("/trace/1?find=get")
    (link,) = set(re.findall(r'href="([^"]+)">1,001\u20131,005<', first))
    second = await client.text(f"/trace/1{html.unescape(link)}")

    assert [MAX_ROWS, 5] == [page.count("<details") for page in (first, second)]
    assert 'name="find" value="get"' in second
    assert 'aria-current="page">1,001\u20131,005<' in second


@pytest.mark.asyncio
@pytest.mark.parametrize("first", ["-1", "x", "99999999999", "1²"])
async def test_a_page_of_rows_that_cannot_be_is_the_first(client, first):
    """What is no number of a row shows the trace from its start."""
    await client.post(build_request())

    assert "GET /" in visible(await client.text(f"/trace/1?from={first}")).split("Timeline")[1]


@pytest.mark.asyncio
async def test_a_huge_trace_does_not_hold_up_the_others(client):
    """Health answers soon while a trace of 20,000 spans is shown as page and as JSON."""
    for first in range(1, 20_000, 10_000):
        await client.post(build_request(10_000, first_span=first))
    waits = []
    began = time.process_time()  # of this process alone: another may hold it up for seconds
    for path in ("/trace/1", "/", "/api/traces/1"):
        answer = asyncio.create_task(client.text(path))
        while not answer.done():
            asked = time.process_time()
            await client.get("/healthz")
            waits.append(time.process_time() - asked)
        await answer

    # in parts of the whole: a slow machine makes both longer
    assert max(waits) < (time.process_time() - began) / 4, max(waits)


@pytest.mark.asyncio
async def test_the_tags_of_a_large_trace_have_a_page(client):
    """Above the limit, a row links to the page with its tags and logs."""
    request = build_request(MAX_INLINE + 1)
    request.batch.spans[0].tags.add(key="answer", v_str="42")
    await client.post(request)

    page = await client.text("/trace/1")

    assert "answer" not in page
    (link,) = re.findall(r'href="(/trace/0{15}1/span/0{15}1)"', page)
    assert "answer 42" in visible(await client.text(link))


@pytest.mark.asyncio
async def test_the_spans_of_a_trace_can_be_chosen(client):
    """By a name, a tag or its value, by error, and those on the critical path."""
    request = build_request(3)
    slow, quick, other = request.batch.spans
    for span, name in zip((slow, quick, other), ("slow", "quick", "other"), strict=True):
        span.operation_name = name
    slow.duration.nanos = 9_000_000
    quick.tags.add(key="error", v_type=BOOL, v_bool=True)
    other.tags.add(key="db.Type", v_str="SQL")
    await client.post(request)

    async def shown(query):
        page = await client.text(f"/trace/1?{query}")
        return re.findall(r'<span class="name d0"><b>frontend</b> (\w+)', page)

    assert ["slow", "quick", "other"] == await shown("")
    assert ["quick"] == await shown("only=errors")
    assert ["slow"] == await shown("only=path")
    assert ["other"] == await shown("find=db.type")
    assert ["other"] == await shown("find=sql")
    assert [] == await shown("find=sql&only=errors")


@pytest.mark.asyncio
@pytest.mark.parametrize(("name", "kind"), [("page.css", "text/css"), ("page.js", "javascript")])
async def test_the_style_sheet_and_the_script_have_their_types(client, name, kind):
    """They are served with their content types."""
    async with client.http.get(f"http://{client.addresses.http}/{name}") as answer:
        assert kind in answer.content_type


@pytest.mark.asyncio
async def test_pages_load_nothing_from_outside(client):
    """Every address in pages, style sheet and script is a path of the stand-in."""
    await client.post(build_request())
    for path in ("/", "/trace/1", "/page.css", "/page.js"):
        assert [] == re.findall(r"(?:https?:)?//(?!\s)[\w.-]+\.\w+", await client.text(path)), path


def test_the_document_states_the_limits():
    """docs/stand-in.md has the numbers of the code, and its pictures exist and are small."""
    page = ROOT / "docs/stand-in.md"
    text = " ".join(page.read_text(encoding="utf-8").split())
    pictures = [page.parent / name for name in re.findall(r"\]\(([^)]+\.png)\)", text)]

    for words in (
        f"{MAX_ROWS:,} rows",
        f"Above {MAX_INLINE} spans",
        f"the newest {LIMITS[0]}, or up to {LIMITS[-1]:,}",
        f"admin port, {ADMIN_PORT}",
    ):
        assert words in text
    assert 3 == len(pictures)
    assert all(picture.stat().st_size < 100_000 for picture in pictures)
