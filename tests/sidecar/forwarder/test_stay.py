"""A forwarder that is told to end stays for the collectors that are drained through it."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
import pytest_asyncio
from aiohttp import web
from otlp_spans import build_export

from sidecar.forwarder import stay
from sidecar.forwarder.stay import INSTANCE, Stay

pytestmark = pytest.mark.asyncio

LONG = 120.0
OK = "OK"


@pytest.fixture
def protocol():
    """One way to the gateway: what is judged is the side of the collectors."""
    return "grpc"


async def test_it_stays_while_a_collector_is_connected(way, monkeypatch) -> None:
    """And takes its calls; once that has gone, it ends."""
    monkeypatch.setattr(stay, "_QUIET_SECONDS", 0.2)
    made = await way(staying=Stay(LONG))
    await made.call(build_export(1))
    made.stop.set()
    while not stay.connected(made.ports.grpc):
        await asyncio.sleep(0.01)

    assert OK == (await made.call(build_export(1)))[0]
    assert not made.has_ended
    await made.disconnect()
    await asyncio.wait_for(made.end(), 30)


@pytest_asyncio.fixture
async def another():
    """Another forwarder's state, after one answer of one's own: its port, and who answers."""
    names = [INSTANCE, "another"]

    async def state(_):
        return web.json_response({"instance": names.pop(0) if len(names) > 1 else names[0]})

    app = web.Application()
    app.add_routes([web.get("/state", state)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], names
    await runner.cleanup()


async def test_it_ends_when_another_answers_in_its_place(way, another) -> None:
    """Under the name that both have; its own answer there does not count."""
    port, names = another
    made = await way(staying=Stay(LONG, f"http://127.0.0.1:{port}/state"))
    await made.call(build_export(1))

    await asyncio.wait_for(made.end(), 30)

    assert ["another"] == names


async def test_it_stays_when_its_name_is_elsewhere(way, another, monkeypatch) -> None:
    """A release that is installed again has the name at an address that no old collector knows."""
    monkeypatch.setattr(stay, "_POLL_SECONDS", 0.05)
    addresses, look_up = {"forwarder.test": "127.0.0.2"}, socket.getaddrinfo

    def moving(host, *rest, **more):
        return look_up(addresses.get(host, host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", moving)
    port, names = another
    made = await way(staying=Stay(1.0, f"http://forwarder.test:{port}/state"))
    await made.call(build_export(1))
    addresses["forwarder.test"] = "127.0.0.1"
    began = time.monotonic()

    await asyncio.wait_for(made.end(), 30)

    assert [INSTANCE, "another"] == names
    assert time.monotonic() - began >= 1


async def test_it_does_not_stay_longer_than_it_may(way, caplog) -> None:
    """Its log tells how many collectors it left."""
    made = await way(staying=Stay(0.3))
    await made.call(build_export(1))

    await asyncio.wait_for(made.end(), 30)

    assert "1 collectors are connected" in caplog.text
