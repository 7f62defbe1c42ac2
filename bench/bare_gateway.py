"""A minimal gateway: the server of grpc.aio, and a count of spans; OTLP is taken uncounted."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from sidecar.stand_in.stubs import collector_pb2, collector_pb2_grpc


class Counter(collector_pb2_grpc.CollectorServiceServicer):  # type: ignore[misc]
    """Counts spans, without checking or keeping them."""

    spans = 0

    # generated code is untyped, and defines the name
    async def PostSpans(self, request: Any, context: Any) -> Any:  # noqa: ANN401, ARG002, N802
        self.spans += len(request.batch.spans)
        return collector_pb2.PostSpansResponse()


async def _accept(*_: object) -> bytes:
    return b""  # an empty ExportTraceServiceResponse


def _otlp() -> Any:  # noqa: ANN401 - grpc publishes no types
    """Return a handler that takes OTLP's batches without a look at them."""
    handlers = {"Export": grpc.unary_unary_rpc_method_handler(_accept)}
    return grpc.method_handlers_generic_handler(
        "opentelemetry.proto.collector.trace.v1.TraceService", handlers
    )


async def main() -> None:
    """Serve on a free port of loopback, and print the address as the first line."""
    server = grpc.aio.server()
    collector_pb2_grpc.add_CollectorServiceServicer_to_server(Counter(), server)
    server.add_generic_rpc_handlers([_otlp()])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
