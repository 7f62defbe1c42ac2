"""The gRPC side, as of a region's gateway: PostSpans, with faults on demand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc

from sidecar.stand_in.faults import Strike
from sidecar.stand_in.keep.intake import Intake, Verdict
from sidecar.stand_in.keep.senders import host_of
from sidecar.stand_in.stubs import collector_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.stand_in.faults import FaultSwitch

MAX_MESSAGE = 4 * 1024 * 1024
_MAX_CALLS = 1024
_HANDSHAKE_SECONDS = 10.0
_SERVICE: Any = collector_pb2.DESCRIPTOR.services_by_name["CollectorService"]
_CODES = {
    Verdict.MISSING: grpc.StatusCode.UNAUTHENTICATED,
    Verdict.WRONG: grpc.StatusCode.UNAUTHENTICATED,
    Verdict.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
}


class CollectorService:
    """Answers PostSpans from raw bytes, so that a batch is parsed once and kept unchanged."""

    def __init__(self, intake: Intake, faults: FaultSwitch, reset: Callable[[], object]) -> None:
        """Take spans into the intake; `reset` resets the server's connections."""
        self._intake = intake
        self._faults = faults
        self._reset = reset

    async def post_spans(self, raw: bytes, context: Any) -> bytes:  # noqa: ANN401 - grpc is untyped
        """Receive one batch; abort with UNAUTHENTICATED, INVALID_ARGUMENT or a fault's status."""
        faults = self._faults.current
        strike = self._faults.take()
        if strike:
            del raw
            await self._strike(strike, context)
        verdict = self._intake.accept(raw, faults.bad_token, host_of(context.peer()))
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if verdict in _CODES:
            await context.abort(_CODES[verdict], verdict.value)
        return b""

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


def build_server(service: CollectorService) -> Any:  # noqa: ANN401
    """Return a server that is not started yet; it accepts messages up to 4 MiB."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.so_reuseport", 0),
            ("grpc.server_handshake_timeout_ms", int(_HANDSHAKE_SECONDS * 1000)),
        ],
        maximum_concurrent_rpcs=_MAX_CALLS,
    )
    method = grpc.unary_unary_rpc_method_handler(service.post_spans)
    handlers = grpc.method_handlers_generic_handler(_SERVICE.full_name, {"PostSpans": method})
    server.add_generic_rpc_handlers((handlers,))
    return server
