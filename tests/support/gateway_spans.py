"""Batches of spans as an agent sends them to a gateway."""

import grpc

from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest
from sidecar.stand_in.stubs.collector_pb2_grpc import CollectorServiceStub

CANARY = "abc123@0123456789abcde_canary@53df7ad2afe8301"
START = 1_700_000_000_000_000


def build_request(
    count=1,
    *,
    token=CANARY,
    service="frontend",
    marker=None,
    trace=1,
    operation="GET /",
    first_span=1,
):
    """Return a PostSpansRequest with `count` spans of one trace."""
    request = PostSpansRequest()
    request.batch.process.service_name = service
    if token is not None:
        request.batch.process.tags.add(key="Authentication", v_str=token)
    for number in range(first_span, first_span + count):
        span = request.batch.spans.add(
            trace_id=trace.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            operation_name=operation,
        )
        span.start_time.seconds, span.start_time.nanos = divmod(START * 1000 + number * 1000, 10**9)
        span.duration.nanos = 1_500_000
        if marker:
            span.tags.add(key="sidecar.marker", v_str=marker)
    return request


def post_all(address, *requests):
    """Send batches, of which some may be refused."""
    with grpc.insecure_channel(address) as channel:
        stub = CollectorServiceStub(channel)
        calls = [stub.PostSpans.future(request, timeout=20) for request in requests]
        codes = {call.code() for call in calls}
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAUTHENTICATED}
