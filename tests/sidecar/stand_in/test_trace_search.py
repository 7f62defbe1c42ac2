"""The search form of the page, and what is counted for it beside the stored traces."""

import re

import pytest
import pytest_asyncio
from gateway_spans import build_request

from sidecar.stand_in.show.form import read_form
from sidecar.stand_in.stubs.collector_pb2 import BOOL


def listed(page):
    """Return the IDs of the traces in a page, in its order."""
    return [int(found, 16) for found in re.findall(r'href="/trace/(\w+)"', page)]


@pytest_asyncio.fixture
async def _traces(client):
    """Three traces: 1 is short, 2 is long and has an error, 3 is of another service."""
    second = build_request(trace=2, operation="POST /pay")
    second.batch.spans[0].duration.nanos = 900_000_000
    second.batch.spans[0].tags.add(key="error", v_type=BOOL, v_bool=True)
    second.batch.spans[0].tags.add(key="http.url", v_str="http://shop/a b")
    for request in (build_request(), second, build_request(trace=3, service="other")):
        await client.post(request)


@pytest.mark.asyncio
@pytest.mark.usefixtures("_traces")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [3, 2, 1]),
        ("service=other", [3]),
        ("service=frontend", [2, 1]),
        ("operation=POST+/pay", [2]),
        ("errors=1", [2]),
        ("service=other&errors=1", []),
        ("minDuration=100ms", [2]),
        ("maxDuration=100ms", [3, 1]),
        ("tag=error%3Dtrue", [2]),
        ("tag=error:true", [2]),
        ("tag=http.url%3D'http://shop/a b'", [2]),
        ("tag=error%3Dfalse", []),
        ("lookback=1h", []),
        ("order=longest", [2, 3, 1]),
        ("limit=200&service= other ", [3]),
    ],
)
async def test_a_search_finds_traces(client, query, expected):
    """By service, operation, error, duration, tag and time, in the order that is asked for."""
    assert expected == listed(await client.text(f"/?{query}"))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("minDuration=soon", "unable to parse param &#39;minDuration&#39;"),
        ("minDuration=2s&maxDuration=1s", "should be greater than"),
        ("tag=error", "write key=value"),
        ("tag='a%3Db", "a quotation mark is not closed"),
    ],
)
async def test_an_unreadable_search_is_explained(client, query, problem):
    """The page shows the problem, and the form as it was typed."""
    page = await client.text(f"/?{query}", status=400)

    assert problem in page


@pytest.mark.asyncio
@pytest.mark.usefixtures("_traces")
async def test_the_form_shows_what_was_asked(client):
    """Fields keep their values, and a search without a result says so."""
    page = await client.text("/?service=nobody&errors=1&limit=200&order=longest")

    assert 'name="service" value="nobody"' in page
    assert 'name="errors" value="1" checked' in page
    assert '<option value="200" selected>' in page
    assert '<option value="longest" selected>' in page
    assert "No stored trace has a span that meets all conditions" in page


def test_an_unknown_choice_is_the_first():
    """A limit or an order that the form does not offer changes nothing."""
    assert read_form({}) == read_form({"limit": "7000000", "order": "random"})


@pytest.mark.asyncio
async def test_the_longest_is_found_among_all(client):
    """It leads the list even if more traces than the list shows are newer."""
    for number in range(1, 60):
        request = build_request(trace=number)
        request.batch.spans[0].duration.nanos = 900_000_000 if number == 2 else 1000
        await client.post(request)

    found = listed(await client.text("/?order=longest"))

    assert (2, 50) == (found[0], len(found))
