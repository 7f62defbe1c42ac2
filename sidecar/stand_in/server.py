"""The stand-in: gRPC, HTTP and, on request, the agent's UDP port in one event loop."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.stand_in.faults import Faults, FaultSwitch
from sidecar.stand_in.keep.intake import BadToken, Intake
from sidecar.stand_in.keep.store import TraceStore
from sidecar.stand_in.receive.grpc_server import GrpcServices, build_server
from sidecar.stand_in.show.decoder import Decoder
from sidecar.stand_in.sockets import (
    Address,
    actual,
    bind,
    log_quietly,
    reset_connections,
    taken,
)
from sidecar.stand_in.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.stand_in.keep.credentials import Token
    from sidecar.stand_in.show.http_server import HttpListener

MAX_SPANS = 100_000
MAX_BYTES = 256 * 1024 * 1024
_GRACE = 0.5
_DRAIN = 1.0


@dataclass(frozen=True)
class Settings:
    """Everything that a stand-in is started with."""

    token: Token
    grpc: Address
    http: Address
    otlp: Address | None = None
    """A second gRPC port: a region's gateway has one for each protocol."""
    udp: Address | None = None
    agent_token: Token | None = None
    """The token that the UDP port adds to each batch; None: the stand-in's own."""
    on_bad_token: BadToken = BadToken.REFUSE
    faults: Faults = field(default_factory=Faults)
    max_spans: int = MAX_SPANS
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Addresses:
    """Where a stand-in listens, with real ports."""

    grpc: Address
    http: Address
    udp: Address | None
    otlp: Address | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return HOST:PORT per side; udp is None if it is off, and otlp is left out."""
        known = {
            "grpc": str(self.grpc),
            "http": str(self.http),
            "udp": str(self.udp) if self.udp else None,
        }
        return {**known, "otlp": str(self.otlp)} if self.otlp else known


class StandIn:
    """Starts and stops the three sides, which share `state`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        store = TraceStore(settings.max_spans, settings.max_bytes)
        intake = Intake(settings.token, settings.on_bad_token, store)
        self.state = State(intake, Decoder(settings.token), FaultSwitch(self._change))
        self._grpc = [settings.grpc, *([settings.otlp] if settings.otlp else [])]
        self._server: Any = None
        self._http: HttpListener | None = None

    async def start(self) -> Addresses:
        """Listen on all addresses, or on none. Raises SidecarError if one is taken.

        gRPC comes first: an agent that is refused tries again after a second or more.
        """
        try:
            await self._start_grpc()
            grpc, *otlp = self._grpc
            sides = await self._start_http(), self._start_udp()
            addresses = Addresses(grpc, *sides, *otlp)
            await self.state.faults.set(self._settings.faults)
        except BaseException:
            await self.stop()
            raise
        return addresses

    async def stop(self) -> None:
        """End the calls within a short grace period, and close all ports."""
        if self.state.udp:
            await self.state.udp.stop(_DRAIN)
        if self._server:
            await self._server.stop(_GRACE)
        if self._http:
            await self._http.stop()
        self.state.intake.events.flush()

    async def _start_grpc(self) -> None:
        """Listen on each gRPC port, and remember which it is."""
        for address in self._grpc:
            # gRPC's error names neither the cause nor the holder; that of a plain socket does
            bind(address, socket.SOCK_STREAM).close()
        state = self.state
        server = build_server(GrpcServices(state.intake, state.faults, self._reset))
        self._grpc = [_listen(server, address) for address in self._grpc]
        await server.start()
        self._server = server

    async def _change(self, faults: Faults) -> None:
        """Close or open the gRPC port as other faults require. Raises SidecarError if taken."""
        if faults.away and self._server:
            server, self._server = self._server, None
            await server.stop(0)
        elif not faults.away and not self._server:
            await self._start_grpc()
        if faults.reset:
            self._reset()

    def _reset(self) -> None:
        for address in self._grpc:
            reset_connections(address.port)

    async def _start_http(self) -> Address:
        from sidecar.stand_in.receive.otlp_http import OtlpHttp
        from sidecar.stand_in.show.http_server import HttpListener, build_app

        listener = bind(self._settings.http, socket.SOCK_STREAM)
        state = self.state
        app = build_app(state, OtlpHttp(state.intake, state.faults).routes())
        self._http = HttpListener(app, state.intake.events, _GRACE)
        await self._http.start(listener)
        return actual(listener, self._settings.http)

    def _start_udp(self) -> Address | None:
        address = self._settings.udp
        if address is None:
            return None
        from sidecar.stand_in.receive.udp import RECEIVE_BUFFER, UdpReceiver

        listener = bind(address, socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        token = self._settings.agent_token or self._settings.token
        self.state.udp = UdpReceiver(listener, token, self.state.intake, self.state.faults)
        self.state.udp.start()
        return actual(listener, address)


def _listen(server: Any, address: Address) -> Address:  # noqa: ANN401 - grpc is untyped
    try:
        return Address(address.host, server.add_insecure_port(str(address)))
    except RuntimeError as error:
        why = OSError(0, "gRPC refused the address")
        raise taken(address, socket.SOCK_STREAM, why) from error


async def serve(
    stand_in: StandIn, announce: Callable[[Addresses], None], stop: asyncio.Event
) -> None:
    """Run until `stop` is set; `announce` gets the addresses once all sides listen."""
    log_quietly(asyncio.get_running_loop(), stand_in.state.intake.events)
    addresses = await stand_in.start()
    try:
        announce(addresses)
        await stop.wait()
    finally:
        await stand_in.stop()
