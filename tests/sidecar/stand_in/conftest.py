"""A running gateway on free ports, and what a test needs to speak to it."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import grpc
import pytest
import pytest_asyncio
from gateway_spans import CANARY

from sidecar.stand_in.credentials import Token
from sidecar.stand_in.server import Gateway, Settings
from sidecar.stand_in.sockets import Address
from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub


class Client:
    """Speaks to one gateway."""

    def __init__(self, gateway, addresses, channel, http):
        self.gateway = gateway
        self.addresses = addresses
        self.channel = channel
        self.http = http
        self.post = CollectorServiceStub(channel).PostSpans

    async def get(self, path, status=200, **options):
        """Return the JSON of a path; fails where the status is another."""
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
    """Start gateways with changed settings; all are stopped at the end."""
    base = Settings(Token(CANARY), Address("127.0.0.1", 0), Address("127.0.0.1", 0))
    running = []

    async def starter(**changes):
        gateway = Gateway(replace(base, **changes))
        addresses = await gateway.start()
        channel = grpc.aio.insecure_channel(str(addresses.grpc))
        client = Client(gateway, addresses, channel, aiohttp.ClientSession())
        running.append(client)
        return client

    yield starter
    for client in running:
        await client.channel.close()
        await client.http.close()
        await client.gateway.stop()


@pytest_asyncio.fixture
async def client(start):
    """A gateway with default settings."""
    return await start()
