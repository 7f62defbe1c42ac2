"""From finished spans to packets: jaeger-client's own Thrift classes, each span encoded once."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import itertools
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from jaeger_client.thrift import make_jaeger_batch, make_process
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

from sidecar_tracing import chores, compact
from sidecar_tracing.repair import repair, repaired_tags
from sidecar_tracing.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sidecar_tracing.ledger import Ledger

logger = logging.getLogger("sidecar_tracing")

MAX_PACKET_BYTES = 65_000
"""The agent's default `server-max-packet-size`; it truncates longer packets."""

_COUNT_BYTES = 5
"""The longest header of a list of spans."""

_SEQUENCE_BYTES = 4
"""Bytes that a sequence number can need in addition to the one byte of number 0."""


@dataclass(frozen=True)
class Packet:
    """A UDP payload, and the number of spans in it."""

    data: bytes
    spans: int
    may_have_arrived: bool = False
    """Whether it was sent before, to a host that may have received it."""
    start: int = 0
    """Where the first span begins in `data`."""
    sizes: tuple[int, ...] = ()
    """The lengths of the spans."""


class Encoder:
    """Packs spans of one process into packets of at most `batch_size` spans and 65,000 bytes."""

    def __init__(self, process: Any, batch_size: int, ledger: Ledger) -> None:
        self._process = compact.in_python(process)
        self._batch_size = batch_size
        self._ledger = ledger
        self._sequence = 0
        overhead = len(self._packet([]).data) + _COUNT_BYTES + _SEQUENCE_BYTES
        self._overhead = overhead
        self._room = self._longest = MAX_PACKET_BYTES - overhead

    @classmethod
    def for_service(
        cls, name: str, tags: dict[str, Any], max_length: int, batch_size: int, ledger: Ledger
    ) -> Encoder:
        """Return an encoder for spans of the service with this name and these process tags."""
        process = make_process(name.encode("utf-8", "backslashreplace").decode(), tags, max_length)
        process.tags, repaired = repaired_tags(process.tags)
        if repaired:
            text = "%d tags of the process cannot be encoded as they are; sending them as text"
            chores.do(partial(logger.warning, text, repaired))
        return cls(process, batch_size, ledger)

    def packets(self, spans: Iterable[Any]) -> Iterator[Packet]:
        """Yield packets of these spans; drop and count a span that cannot be encoded."""
        encoded: list[bytes] = []
        size = 0
        for span in self._encoded(spans):
            if encoded and (len(encoded) == self._batch_size or size + len(span) > self._room):
                yield self._packet(encoded)
                encoded, size = [], 0
            encoded.append(span)
            size += len(span)
        if encoded:
            yield self._packet(encoded)

    def probe(self) -> Packet:
        """Return a packet without spans, to find out whether an agent listens."""
        return self._packet([])

    def _encoded(self, spans: Iterable[Any]) -> Iterator[bytes]:
        for span in spans:
            try:
                data = self._span_bytes(span)
            except Exception:  # noqa: BLE001 - whatever a span contains, others are sent
                self._ledger.drop("encode_error", 1)
                continue
            if len(data) > self._longest:
                self._ledger.drop("too_large", 1)
            else:
                yield data

    def _span_bytes(self, span: Any) -> bytes:
        encodable = _encodable(span)
        with suppress(Exception):  # the Python code tries again
            if compact.fast is not None and not _has_bytes(encodable, span):
                return compact.fast(encodable)
        self._ledger.encode_in_python()
        try:
            return compact.in_python(encodable)
        except Exception:  # noqa: BLE001 - most often a tag, which is not worth a span
            encodable = _encodable(span)
            repaired = repair(encodable)
            data = compact.in_python(encodable)
            self._ledger.repair(repaired)
            return data

    def split(self, packet: Packet) -> list[Packet]:
        """Return a packet of several spans as two, for a socket that does not take it.

        Later packets are smaller, too: macOS takes 9,216 bytes.
        """
        self._room = max(1, min(self._room, len(packet.data) * 3 // 4 - self._overhead))
        ends = list(itertools.accumulate(packet.sizes, initial=packet.start))
        spans = [packet.data[begin:end] for begin, end in itertools.pairwise(ends)]
        half = len(spans) // 2
        return [
            replace(self._packet(part), may_have_arrived=packet.may_have_arrived)
            for part in (spans[:half], spans[half:])
        ]

    def _packet(self, encoded: list[bytes]) -> Packet:
        """Return the Agent.emitBatch call whose process and list of spans are already encoded."""
        # each packet has its own first bytes, by which a refused one is recognized
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        buffer = TMemoryBuffer()
        out = TCompactProtocol(buffer)
        out.writeMessageBegin("emitBatch", TMessageType.ONEWAY, self._sequence)
        out.writeStructBegin("emitBatch_args")
        out.writeFieldBegin("batch", TType.STRUCT, 1)
        out.writeStructBegin("Batch")
        out.writeFieldBegin("process", TType.STRUCT, 1)
        buffer.write(self._process)
        out.writeFieldEnd()
        out.writeFieldBegin("spans", TType.LIST, 2)
        out.writeListBegin(TType.STRUCT, len(encoded))
        start = len(buffer.getvalue())
        buffer.write(b"".join(encoded))
        out.writeListEnd()
        out.writeFieldEnd()
        out.writeFieldStop()
        out.writeStructEnd()
        out.writeFieldEnd()
        out.writeFieldStop()
        out.writeStructEnd()
        out.writeMessageEnd()
        sizes = tuple(map(len, encoded))
        return Packet(buffer.getvalue(), len(encoded), start=start, sizes=sizes)


def _encodable(span: Any) -> Any:
    """Return the Thrift form of a span, with lists that nobody else changes meanwhile."""
    if isinstance(span, Span):
        encodable = span.as_thrift()
    else:
        encodable = make_jaeger_batch([span], process=None).spans[0]
        encodable.tags, encodable.logs = list(encodable.tags), list(encodable.logs)
    if encodable.operationName is None:
        # Thrift would omit the field, and the agent would refuse the whole packet
        encodable.operationName = ""
    return encodable


def _has_bytes(encodable: Any, span: Any) -> bool:
    """Whether something that should be text is bytes, which is sent as repaired text."""
    if isinstance(encodable.operationName, bytes):
        return True
    if isinstance(span, Span) and not span.is_shown:
        return False
    fields = itertools.chain(encodable.tags, *(log.fields for log in encodable.logs))
    texts = (value for tag in fields for value in (tag.key, tag.vStr, tag.vBinary))
    return any(isinstance(text, bytes) for text in texts)
