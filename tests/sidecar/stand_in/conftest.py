"""A running stand-in on free ports, and a client for tests."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import grpc
import pytest
import pytest_asyncio
from gateway_spans import CANARY

from sidecar.stand_in.keep.credentials import Token
from sidecar.stand_in.server import Settings, StandIn
from sidecar.stand_in.sockets import Address
from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub


class Client:
    """Speaks to one stand-in."""

    def __init__(self, stand_in, addresses, channel, http):
        self.stand_in = stand_in
        self.addresses = addresses
        self.channel = channel
        self.http = http
        self.post = CollectorServiceStub(channel).PostSpans

    async def get(self, path, status=200, **options):
        """Return the JSON of a path; the test fails if the status differs."""
        async with self.http.get(f"http://{self.addresses.http}{path}", **options) as answer:
            assert status == answer.status, await answer.text()
            return await answer.json()

    async def text(self, path, status=200):
        """Return the body of a path."""
        async with self.http.get(f"http://{self.addresses.http}{path}") as answer:
            assert status == answer.status
            return await answer.text()

    async def refused(self, request, **options):
        """Return the status code and message that a request is refused with."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.post(request, **options)
        return caught.value.code().name, caught.value.details()


@pytest_asyncio.fixture
async def start():
    """Start stand-ins with changed settings, and stop them at the end."""
    base = Settings(Token(CANARY), Address("127.0.0.1", 0), Address("127.0.0.1", 0))
    running = []

    async def starter(**changes):
        stand_in = StandIn(replace(base, **changes))
        addresses = await stand_in.start()
        channel = grpc.aio.insecure_channel(str(addresses.grpc))
        client = Client(stand_in, addresses, channel, aiohttp.ClientSession())
        running.append(client)
        return client

    yield starter
    for client in running:
        await client.channel.close()
        await client.http.close()
        await client.stand_in.stop()


@pytest_asyncio.fixture
async def client(start):
    """Return a client of a stand-in with default settings."""
    return await start()
