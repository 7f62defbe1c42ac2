"""Thrift decoded: an emitBatch datagram of a client becomes an agent's PostSpansRequest."""

from __future__ import annotations

import struct
from importlib.resources import files
from typing import Any

import thriftpy2
from thriftpy2.protocol.compact import CompactType, TCompactProtocol
from thriftpy2.thrift import TType

from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

# thriftpy2 needs a file name; the package is never run from a zip
_IDL: Any = thriftpy2.load(
    str(files("sidecar.stand_in.receive") / "agent.thrift"), module_name="sidecar_agent_thrift"
)
_ONEWAY = (1, 4)  # CALL, ONEWAY: jaeger-client says 4, others 1
_MESSAGE = "emitBatch"
_UINT64 = 2**64 - 1
_LAST_SHIFT = 63
"""That of the tenth byte, which is the last of a 64-bit varint."""
_INTEGERS = (TType.I16, TType.I32, TType.I64)
_VALUES = (
    (0, "v_str", "vStr"),
    (3, "v_float64", "vDouble"),
    (1, "v_bool", "vBool"),
    (2, "v_int64", "vLong"),
    (4, "v_binary", "vBinary"),
)
"""By Thrift's TagType: the protobuf ValueType, its field, and the field of the Thrift Tag."""


class MalformedError(ValueError):
    """A datagram is not an emitBatch message."""


class _Reader:
    """A transport over one datagram that never returns less than requested."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def read(self, size: int) -> bytes:
        start = self.position
        self.position = end = start + size
        if end > len(self.data):
            raise MalformedError("ends early")
        return self.data[start:end]


class _Compact(TCompactProtocol):  # type: ignore[misc] # thriftpy2 is untyped
    """thriftpy2's protocol, whose inner reads work on the bytes: it halves the time per span.

    Each step reads at least one byte, and no number is longer than 64 bits, so the datagram's
    length limits the work.
    """

    trans: _Reader
    _last_fid: int

    def read_message_begin(self) -> tuple[str, int, int]:
        protocol, version = self._read_ubyte(), self._read_ubyte()
        if protocol != self.PROTOCOL_ID or version & self.VERSION_MASK != self.VERSION:
            raise MalformedError("not the compact protocol")
        sequence = self._read_size()
        return self._read_string(), (version >> self.TYPE_SHIFT_AMOUNT) & self.TYPE_BITS, sequence

    def skip(self, ttype: int) -> None:
        if ttype in _INTEGERS:
            self._read_size()
        else:
            super().skip(ttype)

    def _read_field_begin(self) -> tuple[None, int, int]:
        byte = self._read_ubyte()
        kind, delta = byte & 0x0F, byte >> 4
        if kind == CompactType.STOP:
            return None, TType.STOP, 0
        self._last_fid = self._last_fid + delta if delta else self._read_int()
        if kind in (CompactType.TRUE, CompactType.FALSE):
            self._bool_value = kind == CompactType.TRUE
        return None, self._get_ttype(kind), self._last_fid

    def _read_map_begin(self) -> tuple[int, int, int]:
        keys, values, size = super()._read_map_begin()
        self._check_size(2 * size, keys, values)
        return keys, values, size

    def _read_collection_begin(self) -> tuple[int, int]:
        kind, size = super()._read_collection_begin()
        self._check_size(size, kind)
        return kind, size

    def _check_size(self, size: int, *types: int) -> None:
        # every element takes a byte; one of type 0 would be skipped without reading any
        if size and (size > self.trans.left or TType.STOP in types):
            raise MalformedError("a collection longer than the datagram")

    def _read_ubyte(self) -> int:
        reader = self.trans
        byte = reader.data[reader.position]
        reader.position += 1
        return byte

    def _read_size(self) -> int:
        reader = self.trans
        data, position = reader.data, reader.position
        byte = data[position]
        result, shift = byte & 0x7F, 7
        while byte & 0x80:
            if shift > _LAST_SHIFT:
                raise MalformedError("a number longer than 64 bits")
            position += 1
            byte = data[position]
            result |= (byte & 0x7F) << shift
            shift += 7
        reader.position = position + 1
        return result

    def _read_int(self) -> int:
        value = self._read_size()
        return (value >> 1) ^ -(value & 1)

    def _read_binary(self) -> bytes:
        return self.trans.read(self._read_size())

    def _read_string(self) -> str:
        return self.trans.read(self._read_size()).decode("utf-8", "replace")


def to_request(datagram: bytes) -> Any:  # noqa: ANN401 - a protobuf PostSpansRequest
    """Return the PostSpansRequest of an agent for a datagram. Raises MalformedError."""
    try:
        return _request(_decode(datagram))
    except MalformedError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes reach every corner of the decoder
        raise MalformedError(type(error).__name__) from None


def _decode(datagram: bytes) -> Any:  # noqa: ANN401
    protocol = _Compact(_Reader(datagram))
    name, kind, _ = protocol.read_message_begin()
    if name != _MESSAGE or kind not in _ONEWAY:
        raise MalformedError("not emitBatch")
    arguments = _IDL.Agent.emitBatch_args()
    protocol.read_struct(arguments)
    return arguments.batch


def _request(batch: Any) -> Any:  # noqa: ANN401
    request = PostSpansRequest()
    process = request.batch.process
    process.service_name = batch.process.serviceName
    _tags(process.tags, batch.process.tags)
    for span in batch.spans:
        _span(request.batch.spans.add(), span)
    return request


def _span(out: Any, span: Any) -> None:  # noqa: ANN401
    out.trace_id = _trace_id(span.traceIdHigh, span.traceIdLow)
    out.span_id = _span_id(span.spanId)
    out.operation_name = span.operationName
    out.flags = span.flags & 0xFFFFFFFF
    _time(out.start_time, span.startTime)
    _time(out.duration, span.duration)
    _references(out.references, span, out.trace_id)
    _tags(out.tags, span.tags)
    for log in span.logs or ():
        entry = out.logs.add()
        _time(entry.timestamp, log.timestamp)
        _tags(entry.fields, log.fields)


def _references(out: Any, span: Any, trace_id: bytes) -> None:  # noqa: ANN401
    references = [
        (_trace_id(each.traceIdHigh, each.traceIdLow), _span_id(each.spanId), each.refType)
        for each in span.references or ()
    ]
    parent = (trace_id, _span_id(span.parentSpanId), 0)
    if span.parentSpanId and parent not in references:
        references.insert(0, parent)
    for trace, identity, kind in references:
        out.add(trace_id=trace, span_id=identity, ref_type=kind)


def _tags(out: Any, tags: Any) -> None:  # noqa: ANN401
    for tag in tags or ():
        kind, field, source = _VALUES[tag.vType]
        value = getattr(tag, source)
        out.add(key=tag.key, v_type=kind, **({} if value is None else {field: value}))


def _trace_id(high: int, low: int) -> bytes:
    return struct.pack(">QQ", high & _UINT64, low & _UINT64)


def _span_id(identity: int) -> bytes:
    return struct.pack(">Q", identity & _UINT64)


def _time(out: Any, microseconds: int) -> None:  # noqa: ANN401
    out.seconds, rest = divmod(microseconds, 1_000_000)
    out.nanos = rest * 1000
