"""Spans in jaeger-client's own Thrift classes, and its datagrams of them."""

from gateway_spans import START
from jaeger_client.thrift_gen.agent import Agent
from jaeger_client.thrift_gen.jaeger import ttypes
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TMessageType
from thrift.transport.TTransport import TMemoryBuffer


def build_span(number, **changes):
    """Return one span."""
    values = {
        "traceIdLow": 1,
        "traceIdHigh": 0,
        "spanId": number,
        "parentSpanId": 0,
        "operationName": "GET /",
        "references": None,
        "flags": 1,
        "startTime": START,
        "duration": 1500,
        "tags": [],
        "logs": [],
    }
    return ttypes.Span(**{**values, **changes})


def datagram(*spans, service="frontend", tags=(), message="emitBatch", kind=TMessageType.ONEWAY):
    """Return the bytes that jaeger-client sends for spans."""
    buffer = TMemoryBuffer()
    protocol = TCompactProtocol(buffer)
    process = ttypes.Process(serviceName=service, tags=list(tags))
    protocol.writeMessageBegin(message, kind, 1)
    Agent.emitBatch_args(batch=ttypes.Batch(process=process, spans=list(spans))).write(protocol)
    protocol.writeMessageEnd()
    return buffer.getvalue()
