"""Spans as an OTLP client or a collector sends them to a gateway."""

import base64
import json

from gateway_spans import CANARY, START
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TRACE, OTHER = bytes([1]) * 16, bytes([4]) * 16
RIGHT = (("authentication", CANARY),)


def build_export(count=1, *, service="frontend", marker=None, resource=(), **changes):
    """Return an ExportTraceServiceRequest with `count` spans of one trace."""
    request = ExportTraceServiceRequest()
    add_resource(request, count, service=service, marker=marker, resource=resource, **changes)
    return request


def add_resource(request, count=1, *, service="frontend", marker=None, resource=(), **changes):
    """Add a resource with `count` spans."""
    spans = request.resource_spans.add()
    put(spans.resource.attributes, {"service.name": service, **dict(resource)})
    scope = spans.scope_spans.add()
    for number in range(1, count + 1):
        span = scope.spans.add(
            trace_id=TRACE,
            span_id=number.to_bytes(8, "big"),
            name="GET /",
            start_time_unix_nano=START * 1000,
            end_time_unix_nano=START * 1000 + 1_500_000,
        )
        for name, value in changes.items():
            setattr(span, name, value)
        if marker:
            put(span.attributes, {"sidecar.marker": marker})


def put(attributes, values):
    """Add attributes by their names."""
    fields = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}
    for name, value in values.items():
        field = fields.get(type(value), "bytes_value")
        setattr(attributes.add(key=name).value, field, value)


def as_json(request):
    """Return a request in OTLP's JSON: as protobuf's, but with hexadecimal ids."""
    data = json_format.MessageToDict(request, use_integers_for_enums=True)
    for resource in data["resourceSpans"]:
        for span in resource["scopeSpans"][0]["spans"]:
            for one in (span, *span.get("links", ())):
                for name in {"traceId", "spanId", "parentSpanId"} & one.keys():
                    one[name] = base64.b64decode(one[name]).hex().upper()
    return json.dumps(data).encode()
