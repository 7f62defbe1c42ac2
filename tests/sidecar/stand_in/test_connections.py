"""Connections that are idle, half-sent or too many, and how the stand-in limits them."""

import asyncio
import json
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress

import pytest
from aiohttp import web
from gateway_spans import CANARY

from sidecar.stand_in.event_log import EventLog
from sidecar.stand_in.receive import grpc_server
from sidecar.stand_in.show import api
from sidecar.stand_in.show.http_server import HttpListener
from sidecar.stand_in.sockets import Address, bind, log_quietly

HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


async def serving(**options):
    """Return a listener that answers "ok" at /healthz, and its port."""

    async def health(_):
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/healthz", health)
    listener = HttpListener(app, EventLog(), 0.1, **options)
    bound = bind(Address("127.0.0.1", 0), socket.SOCK_STREAM)
    await listener.start(bound)
    return listener, bound.getsockname()[1]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "sent", [b"", HALF, HALF + b"\r\n"], ids=["nothing", "half a head", "a request"]
)
async def test_an_idle_connection_is_closed(sent):
    """A connection is closed if no complete request head arrives in time."""
    listener, port = await serving(idle=0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    answer = await asyncio.wait_for(reader.read(), 5)

    assert (sent == HALF + b"\r\n") == answer.endswith(b"ok")
    writer.close()
    await listener.stop()


@pytest.mark.asyncio
async def test_above_the_most_connections_the_oldest_is_closed(caplog):
    """A new connection is answered; the oldest one is closed, and the log counts it."""
    listener, port = await serving(most=2)
    held = []
    for _ in range(3):
        held.append(await asyncio.open_connection("127.0.0.1", port))
        held[-1][1].write(HALF)
        await asyncio.sleep(0)

    with suppress(ConnectionResetError):
        assert b"" == await asyncio.wait_for(held[0][0].read(), 5)
    held[2][1].write(b"Connection: close\r\n\r\n")

    assert (await asyncio.wait_for(held[2][0].read(), 5)).endswith(b"ok")
    assert "HTTP connections closed, too many open: 1" in caplog.text
    for _, writer in held:
        writer.close()
    await listener.stop()


@pytest.mark.asyncio
async def test_a_connection_without_a_grpc_handshake_is_closed(start, monkeypatch):
    """A silent connection to the gRPC port ends after the time for the handshake."""
    monkeypatch.setattr(grpc_server, "_HANDSHAKE_SECONDS", 0.1)
    client = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", client.addresses.grpc.port)

    with suppress(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)
    writer.close()


@pytest.mark.asyncio
async def test_half_a_body_times_out(client, monkeypatch):
    """A body that does not arrive in time is answered 408 in the API's envelope."""
    monkeypatch.setattr(api, "_BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.addresses.http.port)
    writer.write(
        b"POST /api/faults HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )

    answer = await asyncio.wait_for(reader.read(), 5)

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"the body did not arrive in time" in answer
    writer.close()


@pytest.mark.asyncio
async def test_other_errors_of_the_loop_are_logged_as_ever(caplog):
    """Only connections that the loop cannot accept are counted instead of logged."""
    loop = asyncio.get_running_loop()
    log_quietly(loop, EventLog())

    for number in range(3):
        loop.call_exception_handler(
            {"message": "accept", "exception": OSError(24, "Too many open files")}
        )
        loop.call_exception_handler({"message": f"other {number}", "exception": ValueError("x")})

    assert [
        "HTTP connections not accepted, out of open files or memory: 1",
        "other 0",
        "other 1",
        "other 2",
    ] == [line.splitlines()[0] for line in (record.getMessage() for record in caplog.records)]


def test_a_flood_of_half_requests_keeps_nobody_out(tmp_path):
    """With 256 open files and 370 half-sent requests, the stand-in answers and logs little."""
    token = tmp_path / "agent.yaml"
    token.write_text(f"agent: {{tags: Authentication={CANARY}}}")
    limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "gateway", sys.executable]
    options = ["--grpc=127.0.0.1:0", "--http=127.0.0.1:0", "--output=json"]
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(
            [*limited, "-m", "sidecar", "gateway", f"--token-file={token}", *options],
            stdout=subprocess.PIPE,
            stderr=log,
        ) as gateway,
    ):
        host, port = json.loads(gateway.stdout.readline())["http"].split(":")
        flood = []
        for _ in range(370):
            flood.append(socket.create_connection((host, int(port)), 5))
            with suppress(OSError):
                flood[-1].sendall(HALF)

        with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=5) as answer:
            assert 200 == answer.status
        gateway.terminate()
        assert 0 == gateway.wait(5)
        log.seek(0)
        assert len(log.readlines()) < 10
    for connection in flood:
        connection.close()
