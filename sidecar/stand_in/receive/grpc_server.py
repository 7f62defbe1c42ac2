"""The gRPC side, as of a region's gateway: Jaeger's PostSpans and OTLP's Export, with faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from sidecar.stand_in.faults import Strike
from sidecar.stand_in.keep.intake import Intake, Verdict
from sidecar.stand_in.keep.senders import host_of
from sidecar.stand_in.receive.otlp import Call, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.stand_in.faults import FaultSwitch

    _Accept = Callable[[bytes, str | None, Any], Verdict]

MAX_MESSAGE = 4 * 1024 * 1024
_MAX_CALLS = 1024
_HANDSHAKE_SECONDS = 10.0
_METADATA = "authentication"
_CODES = {
    Verdict.MISSING: grpc.StatusCode.UNAUTHENTICATED,
    Verdict.WRONG: grpc.StatusCode.UNAUTHENTICATED,
    Verdict.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
}


class GrpcServices:
    """Answers calls from raw bytes, so that a Jaeger batch is parsed once and kept unchanged."""

    def __init__(self, intake: Intake, faults: FaultSwitch, reset: Callable[[], object]) -> None:
        """Take spans into the intake; `reset` resets the server's connections."""
        self._intake = intake
        self._faults = faults
        self._reset = reset

    def handlers(self) -> tuple[Any, ...]:
        """Return the handlers of both services."""
        post = self._serving(self._post, "the process tag Authentication")
        export = self._serving(self._export, "the metadata Authentication")
        return (
            _handler("jaeger.api_v2.CollectorService", "PostSpans", post),
            _handler("opentelemetry.proto.collector.trace.v1.TraceService", "Export", export),
        )

    def _post(self, raw: bytes, bad_token: str | None, context: Any) -> Verdict:  # noqa: ANN401
        return self._intake.accept(raw, bad_token, host_of(context.peer()))

    def _export(self, raw: bytes, bad_token: str | None, context: Any) -> Verdict:  # noqa: ANN401
        self._intake.counters.otlp.grpc += 1
        token = dict(context.invocation_metadata() or ()).get(_METADATA)
        call = Call(str(token) if token else None, bad_token, host_of(context.peer()))
        return take(raw, call, self._intake)

    def _serving(self, accept: _Accept, carrier: str) -> Any:  # noqa: ANN401
        """Return a handler that aborts with a fault's status, or with why it refuses spans."""

        async def serve(raw: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc is untyped
            faults = self._faults.current
            strike = self._faults.take()
            if strike:
                del raw
                await self._strike(strike, context)
            verdict = accept(raw, faults.bad_token, context)
            if faults.latency_ms:
                await asyncio.sleep(faults.latency_ms / 1000)
            if verdict in _CODES:
                await context.abort(_CODES[verdict], verdict.words(carrier))
            return b""  # the answers of both services, if all is well, are empty

        return serve

    async def _strike(self, strike: Strike, context: Any) -> None:  # noqa: ANN401
        batches = self._intake.counters.batches
        if strike is Strike.HOLD:
            batches.held += 1
            await asyncio.Event().wait()
        if strike is Strike.RESET:
            batches.reset += 1
            self._reset()
        else:
            batches.failed += 1
        await context.abort(self._faults.status, "a fault that was set")


def _handler(service: str, method: str, serve: Any) -> Any:  # noqa: ANN401
    handler = grpc.unary_unary_rpc_method_handler(serve)
    return grpc.method_handlers_generic_handler(service, {method: handler})


def build_server(services: GrpcServices) -> Any:  # noqa: ANN401
    """Return a server that is not started yet; it accepts messages up to 4 MiB."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.so_reuseport", 0),
            ("grpc.server_handshake_timeout_ms", int(_HANDSHAKE_SECONDS * 1000)),
        ],
        maximum_concurrent_rpcs=_MAX_CALLS,
    )
    server.add_generic_rpc_handlers(services.handlers())
    return server
