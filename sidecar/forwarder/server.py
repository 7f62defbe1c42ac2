"""The forwarder's two ports: gRPC for collectors, and its counters over HTTP."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from aiohttp import web

from sidecar.forwarder.counters import Counters
from sidecar.forwarder.gateways import MAX_MESSAGE, METHOD
from sidecar.forwarder.stay import INSTANCE, Stay, place, stay
from sidecar.forwarder.token_file import NoTokenError
from sidecar.rules import forwarders as rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.forwarder.gateways import Gateway
    from sidecar.forwarder.token_file import TokenFile

_USUAL_SECONDS = 15.0
"""For a call without a deadline."""
_GRACE_SECONDS = 10.0
_NO_STAY = Stay()
_BUSY = "too many calls at a time"
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.so_reuseport", 0),
    # collectors ask a connection in use for a sign of life every 10 s
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
)


class Forwarding:
    """Passes calls on."""

    def __init__(self, gateway: Gateway, token: TokenFile, calls: int) -> None:
        """Send at most so many calls at a time."""
        self.gateway = gateway
        self._token = token
        self._calls = calls
        self.counters = Counters()

    async def export(self, raw: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc is untyped
        """Answer one call of a collector as the gateway does, or so that it is repeated."""
        counters = self.counters
        if counters.under_way >= self._calls:
            counters.busy += 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, _BUSY)
        counters.under_way += 1
        try:
            answer = await self._send(raw, context.time_remaining() or _USUAL_SECONDS)
        except asyncio.CancelledError:
            counters.abandoned += 1
            raise
        finally:
            counters.under_way -= 1
        if isinstance(answer, bytes):
            counters.accepted(len(raw))
            return answer
        counters.refused(answer)
        await context.abort(grpc.StatusCode[answer.answer], answer.words)
        return b""  # an abort raises

    async def _send(self, raw: bytes, seconds: float) -> bytes | rules.Refusal:
        try:
            token = self._token.read()
        except NoTokenError as error:
            return rules.without_token(str(error))
        answer = await self.gateway.send(raw, token, seconds)
        if answer.code == rules.OK:
            return answer.body
        return rules.refused(answer.code, answer.details)


@dataclass(frozen=True)
class Ports:
    """Where a forwarder listens."""

    grpc: int
    state: int


async def serve(
    forwarding: Forwarding,
    wanted: tuple[str, Ports],
    announce: Callable[[Ports], None],
    stop: asyncio.Event,
    staying: Stay = _NO_STAY,
) -> None:
    """Run on a host's ports until `stop` is set; then stay, and let the calls under way end."""
    host, ports = wanted
    async with AsyncExitStack() as stack:
        await forwarding.gateway.open()
        stack.push_async_callback(forwarding.gateway.close)
        state = await _state(stack, forwarding.counters, host, ports.state)
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((_handler(forwarding),))
        port = server.add_insecure_port(f"{host}:{ports.grpc}")
        await server.start()
        stack.push_async_callback(server.stop, _GRACE_SECONDS)
        own = asyncio.create_task(place(staying))
        stack.callback(own.cancel)
        announce(Ports(port, state))
        await stop.wait()
        await stay(staying.seconds, port, own.result() if own.done() else None)


def _handler(forwarding: Forwarding) -> Any:  # noqa: ANN401
    _, service, method = METHOD.split("/")
    export = grpc.unary_unary_rpc_method_handler(forwarding.export)  # bytes in, bytes out
    return grpc.method_handlers_generic_handler(service, {method: export})


async def _state(stack: AsyncExitStack, counters: Counters, host: str, port: int) -> int:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=counters.text())

    async def state(_: web.Request) -> web.Response:
        own = {**counters.state(), "instance": INSTANCE}
        return web.Response(text=json.dumps(own), content_type="application/json")

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.add_routes(
        [web.get("/metrics", metrics), web.get("/state", state), web.get("/healthz", health)]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    await site.start()
    return int(runner.addresses[0][1])
