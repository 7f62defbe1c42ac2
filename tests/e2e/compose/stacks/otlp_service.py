"""A service that speaks OTLP: each request makes two traces, one by gRPC and one by HTTP.

A test imports it, too, to send the same spans to the stand-in without a copier and a collector.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SPANS = 3
VALUES = {
    "string_value": "line 1\nline 2",
    "int_value": -(2**53),
    "double_value": 0.1,
    "bool_value": False,
    "bytes_value": b"\x00\xff",
}


def export_of(trace: str, start: int, host: str) -> ExportTraceServiceRequest:
    """Return the spans of a trace: attributes of every type, an event, a link, and an error."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for name, value in {
        "service.name": "shop",
        "host.name": host,
        "telemetry.sdk.name": "opentelemetry",
    }.items():
        resource.resource.attributes.add(key=name).value.string_value = value
    scope = resource.scope_spans.add()
    for number in range(1, SPANS + 1):
        span = scope.spans.add(
            trace_id=bytes.fromhex(trace),
            span_id=number.to_bytes(8, "big"),
            name=f"step {number}",
            kind=number,
            start_time_unix_nano=start + number * 1000,
            end_time_unix_nano=start + number * 1_000_000,
            flags=1,
        )
        if number > 1:
            span.parent_span_id = (number - 1).to_bytes(8, "big")
        for field, value in VALUES.items():
            setattr(span.attributes.add(key=field).value, field, value)
        event = span.events.add(name="counted", time_unix_nano=start + number * 2000)
        event.attributes.add(key="items").value.int_value = number
    last = scope.spans[-1]
    last.links.add(trace_id=bytes.fromhex(trace), span_id=(1).to_bytes(8, "big"))
    last.status.code = 2
    return request


def by_grpc(target: str, request: ExportTraceServiceRequest) -> None:
    """Send it to HOST:PORT."""
    import grpc  # noqa: PLC0415 - only the container has to have it

    with grpc.insecure_channel(target) as channel:
        send = channel.unary_unary(EXPORT, ExportTraceServiceRequest.SerializeToString)
        send(request, timeout=20, wait_for_ready=True)


def by_http(url: str, request: ExportTraceServiceRequest) -> None:
    """Send it to a URL."""
    headers = {"Content-Type": "application/x-protobuf"}
    posted = urllib.request.Request(url, request.SerializeToString(), headers)
    with urllib.request.urlopen(posted, timeout=20) as answer:
        assert answer.status == 200


class Shop(BaseHTTPRequestHandler):
    """Answers with the traces that it made, and when they began."""

    def do_GET(self) -> None:
        start, host = time.time_ns(), socket.gethostname()
        traces = [secrets.token_hex(16) for _ in range(2)]
        agent = os.environ["JAEGER_AGENT_HOST"]
        by_grpc(f"{agent}:4317", export_of(traces[0], start, host))
        by_http(f"http://{agent}:4318/v1/traces", export_of(traces[1], start, host))
        answer = json.dumps({"traces": traces, "start": start, "host": host}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


if __name__ == "__main__":
    HTTPServer(("", 8000), Shop).serve_forever()
