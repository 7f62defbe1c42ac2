"""Who reports, as the stand-in counts it."""

import pytest
from gateway_spans import build_request

from sidecar.rules.service_reports import ASKED

pytestmark = pytest.mark.asyncio


def request_of(service, hostname, spans=2, **details):
    """Return a batch of a service on a host."""
    request = build_request(spans, **details)
    request.batch.process.service_name = service
    request.batch.process.tags.add(key="hostname", v_str=hostname)
    return request


async def test_own_spans_are_counted_by_service_and_host(client) -> None:
    """With the time of the last one."""
    await client.post(request_of("web", "web-1"))
    await client.post(request_of("web", "web-1", 1))
    await client.post(request_of("web", "web-2", 3))
    found = (await client.get("/api/reporters"))["reporters"]

    assert [("web", "web-1", 3), ("web", "web-2", 3)] == [
        (one["service"], one["hostname"], one["spans"]) for one in found
    ]
    assert all(one["last_seen_at"] > 1_700_000_000 for one in found)


async def test_spans_of_verify_are_no_own_spans(client) -> None:
    """Neither marked ones, nor those of a request that carried a trace id of verify's."""
    marked = request_of("web", "web-1", 1)
    marked.batch.spans[0].tags.add(key="sidecar.marker", v_str="m")
    await client.post(marked)
    await client.post(request_of("web", "web-1", 2, trace=int(f"{ASKED}00000001", 16)))
    (found,) = (await client.get("/api/reporters"))["reporters"]

    assert (0, 2, 0.0) == (found["spans"], found["asked"], found["last_seen_at"])
