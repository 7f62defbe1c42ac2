"""From stored batches to the model: only when a reader asks, so that intake stays cheap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.rules.recognition import MASK
from sidecar.stand_in.keep.credentials import TAG
from sidecar.stand_in.show.model import Log, Process, Reference, Span, Tag, Trace, Value
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.stand_in.keep.credentials import Token

Message = Any
"""A protobuf message; the generated stubs exist only after a build."""

_TYPES = ("string", "bool", "int64", "float64", "binary")
_FIELDS = ("v_str", "v_bool", "v_int64", "v_float64", "v_binary")
_REFERENCES = ("CHILD_OF", "FOLLOWS_FROM")


def trace_hex(trace_id: bytes) -> str:
    """Return a trace ID of 16 bytes as Jaeger prints it: 16 digits, or 32 if they are needed."""
    text = trace_id.hex()
    return text[16:] if text.startswith("0" * 16) else text


class Decoder:
    """Decodes stored batches, and masks the token in everything that it returns."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def text(self, value: str) -> str:
        """Return a string with the token masked."""
        return self._token.mask(value)

    def trace(self, trace_id: bytes, batches: Iterable[bytes]) -> Trace:
        """Return the spans of one trace ID in raw batches; a span sent twice is returned once."""
        seen: set[bytes] = set()
        spans: list[Span] = []
        for raw in batches:
            batch = PostSpansRequest.FromString(raw).batch
            common = self._process(batch.process)
            for span in batch.spans:
                content = span.SerializeToString() if span.trace_id == trace_id else b""
                if content and content not in seen:
                    seen.add(content)
                    own = self._process(span.process) if span.HasField("process") else common
                    spans.append(self._span(span, own))
        return Trace(trace_hex(trace_id), tuple(sorted(spans, key=lambda span: span.start)))

    def operations(self, service: str, batches: Iterable[bytes]) -> set[tuple[str, str]]:
        """Return a service's (operation, span kind) pairs; the kind is "" if no tag names it."""
        found: set[tuple[str, str]] = set()
        for raw in batches:
            batch = PostSpansRequest.FromString(raw).batch
            for span in batch.spans:
                owner = span.process if span.HasField("process") else batch.process
                if owner.service_name == service:
                    kind = next((tag.v_str for tag in span.tags if tag.key == "span.kind"), "")
                    found.add((self.text(span.operation_name), self.text(kind)))
        return found

    def _process(self, process: Message) -> Process:
        return Process(self.text(process.service_name), self._tags(process.tags))

    def _span(self, span: Message, process: Process) -> Span:
        return Span(
            trace_id=trace_hex(span.trace_id),
            span_id=span.span_id.hex(),
            operation=self.text(span.operation_name),
            references=tuple(_reference(reference) for reference in span.references),
            flags=span.flags,
            start=_microseconds(span.start_time),
            duration=_microseconds(span.duration),
            tags=self._tags(span.tags),
            logs=tuple(
                Log(_microseconds(log.timestamp), self._tags(log.fields)) for log in span.logs
            ),
            process=process,
            warnings=tuple(self.text(warning) for warning in span.warnings),
        )

    def _tags(self, tags: Iterable[Message]) -> tuple[Tag, ...]:
        return tuple(self._tag(tag) for tag in tags)

    def _tag(self, tag: Message) -> Tag:
        if tag.key.lower() == TAG.lower():
            return Tag(tag.key, "string", MASK)
        kind = tag.v_type if 0 <= tag.v_type < len(_TYPES) else 0
        value: Value = getattr(tag, _FIELDS[kind])
        if isinstance(value, str):
            value = self.text(value)
        elif isinstance(value, bytes):
            value = self._token.mask_bytes(value)
        return Tag(self.text(tag.key), _TYPES[kind], value)


def _reference(reference: Message) -> Reference:
    number = reference.ref_type
    kind = _REFERENCES[number if 0 <= number < len(_REFERENCES) else 0]
    return Reference(kind, trace_hex(reference.trace_id), reference.span_id.hex())


def _microseconds(time: Message) -> int:
    micros: int = time.seconds * 1_000_000 + time.nanos // 1000
    return max(micros, 0)
