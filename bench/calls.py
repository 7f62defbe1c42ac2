"""A client of a gateway as a process: calls PostSpans N times, with 32 calls at a time."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import grpc
import yaml

from bench.agents import TOKEN_FILE
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_FLIGHT = 32
SPANS_PER_TRACE = 5
_METHOD = "/jaeger.api_v2.CollectorService/PostSpans"
_PLACEHOLDER = b"\xa5BATCH\xa5\x5a"
"""The upper half of the trace IDs in the template, which each batch replaces with its number."""


def main() -> int:
    """Make the calls and print seconds and failures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True, metavar="HOST:PORT")
    parser.add_argument("--batches", type=int, required=True)
    parser.add_argument("--spans", type=int, required=True, help="per batch")
    args = parser.parse_args()
    print(json.dumps(asyncio.run(_call(args.target, args.batches, template(args.spans)))))
    return 0


def template(spans: int) -> bytes:
    """Return a serialized batch of spans as an agent sends it, with the token of `local`."""
    request = PostSpansRequest()
    process = request.batch.process
    process.service_name = "bench"
    process.tags.add(key="hostname", v_str="bench")
    token_file = yaml.safe_load(TOKEN_FILE.read_text(encoding="utf-8"))
    name, _, token = token_file["agent"]["tags"].partition("=")
    process.tags.add(key=name, v_str=token)
    for number in range(spans):
        _add_span(request, number)
    raw: bytes = request.SerializeToString()
    return raw


def _add_span(request: Any, number: int) -> None:  # noqa: ANN401 - a protobuf message
    span = request.batch.spans.add(
        trace_id=_PLACEHOLDER + (number // SPANS_PER_TRACE).to_bytes(8, "big"),
        span_id=(number + 1).to_bytes(8, "big"),
        operation_name="GET /orders",
        flags=1,
    )
    span.start_time.seconds, span.duration.nanos = 1_700_000_000, 1_500_000
    for key, value in (("span.kind", "server"), ("component", "bench"), ("http.method", "GET")):
        span.tags.add(key=key, v_str=value)
    span.tags.add(key="http.url", v_str="http://shop.example/orders/12345?expand=items")
    span.tags.add(key="http.status_code", v_type=2, v_int64=200)
    span.tags.add(key="peer.service", v_str="stock")
    span.logs.add(timestamp=span.start_time).fields.add(key="event", v_str="cache")


def numbered(raw: bytes, batches: int) -> Iterator[bytes]:
    """Yield the template `batches` times, each time with other trace IDs."""
    first = time.time_ns()
    for number in range(batches):
        yield raw.replace(_PLACEHOLDER, (first + number).to_bytes(8, "big"))


async def _call(target: str, batches: int, raw: bytes) -> dict[str, float]:
    todo, failed = numbered(raw, batches), 0
    async with grpc.aio.insecure_channel(target) as channel:
        await channel.channel_ready()
        post = channel.unary_unary(_METHOD)

        async def worker() -> None:
            nonlocal failed
            for batch in todo:
                failed += await post(batch).code() is not grpc.StatusCode.OK

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return {"seconds": time.perf_counter() - began, "failed": failed}


if __name__ == "__main__":
    sys.exit(main())
