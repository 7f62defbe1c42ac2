"""A forwarder between a caller and a stand-in, each with real ports, in one event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import grpc
import pytest
import pytest_asyncio
from gateway_spans import CANARY
from otlp_spans import EXPORT

from sidecar.forwarder.gateways import GrpcGateway, HttpGateway
from sidecar.forwarder.server import Forwarding, Ports, serve
from sidecar.forwarder.stay import Stay
from sidecar.forwarder.token_file import TokenFile
from sidecar.stand_in.keep.credentials import Token
from sidecar.stand_in.server import Settings, StandIn
from sidecar.stand_in.sockets import Address

LOOPBACK = "127.0.0.1"
NO_STAY = Stay()


class Way:
    """A forwarder to a stand-in, and what its caller gets."""

    def __init__(self, folder, addresses):
        self.token = folder / "token"
        self.addresses = addresses
        self.forwarding = None
        self.page = f"http://{addresses.http}"
        self.session = aiohttp.ClientSession()
        self.stop = asyncio.Event()
        self.ports = None
        self._channel = None
        self._serving = None

    async def start(self, gateway, calls=64, staying=NO_STAY):
        """Start the forwarder, and open a channel to it."""
        self.forwarding = Forwarding(gateway, TokenFile(self.token), calls)
        ready = asyncio.get_running_loop().create_future()
        wanted = LOOPBACK, Ports(0, 0)
        serving = serve(self.forwarding, wanted, ready.set_result, self.stop, staying)
        self._serving = asyncio.create_task(serving)
        await asyncio.wait({ready, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        self.ports = ready.result()
        self._channel = grpc.aio.insecure_channel(f"{LOOPBACK}:{self.ports.grpc}")
        return self

    async def end(self):
        """Stop the forwarder as SIGTERM does, and wait until it has ended."""
        self.stop.set()
        await self._serving

    @property
    def has_ended(self):
        """Whether the forwarder has."""
        return self._serving.done()

    async def disconnect(self):
        """Close the channel, as a collector does that ends."""
        await self._channel.close()

    async def close(self):
        """End all of it."""
        await self.disconnect()
        await self.session.close()
        await self.end()

    async def call(self, raw, seconds=10.0):
        """Return the code and the words that a call is answered with."""
        raw = raw if isinstance(raw, bytes) else raw.SerializeToString()
        try:
            return "OK", await self._channel.unary_unary(EXPORT)(raw, timeout=seconds)
        except grpc.aio.AioRpcError as error:
            return error.code().name, error.details()

    async def own(self, path):
        """Return what the forwarder's second port shows."""
        async with self.session.get(f"http://{LOOPBACK}:{self.ports.state}{path}") as answer:
            return await answer.text()

    async def counted(self, marker):
        """Return the stand-in's counts of a marker."""
        async with self.session.get(f"{self.page}/api/markers/{marker}") as answer:
            return await answer.json()


@pytest.fixture(params=["grpc", "http"])
def protocol(request):
    """Each way to a gateway."""
    return request.param


@pytest_asyncio.fixture
async def way(tmp_path, protocol):
    """Return a starter of forwarders to one stand-in, by a protocol; the right token is there."""
    base = Settings(Token(CANARY), Address(LOOPBACK, 0), Address(LOOPBACK, 0))
    begun = []

    async def start(calls=64, *, token=CANARY, staying=NO_STAY, **changes):
        stand_in = StandIn(replace(base, **changes))
        addresses = await stand_in.start()
        made = Way(tmp_path, addresses)
        begun.append((stand_in, made))
        if token is not None:
            made.token.write_text(token)
        if protocol == "grpc":
            gateway = GrpcGateway(str(addresses.grpc))
        else:
            gateway = HttpGateway(LOOPBACK, addresses.http.port)
        made.stand_in = stand_in
        return await made.start(gateway, calls, staying)

    yield start
    for stand_in, made in begun:
        await made.close()
        await stand_in.stop()
