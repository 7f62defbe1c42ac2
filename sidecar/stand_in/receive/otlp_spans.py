"""OTLP decoded: a resource with its spans becomes an agent's PostSpansRequest.

It is the reverse of what a collector's `jaeger` receiver makes of Jaeger's spans, so that a trace
that came through a collector equals the one that came through an agent.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from sidecar.stand_in.keep.credentials import TAG
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

Message = Any
"""A protobuf message: neither package publishes types."""

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_OK, _ERROR = 1, 2
_SAMPLED = 1
_FOLLOWS_FROM = 1
_ZEROS = bytes(16)
_SECOND = 1_000_000_000
_VALUES = {
    "string_value": ("v_str", 0),
    "bool_value": ("v_bool", 1),
    "int_value": ("v_int64", 2),
    "double_value": ("v_float64", 3),
    "bytes_value": ("v_binary", 4),
}
"""By the field of an AnyValue: the field of a Jaeger tag, and its type."""
_VERSION, _VERSION_PREFIX = "opencensus.exporterversion", "Jaeger-"
_REFERENCE = "opentracing.ref_type"
_SECRET = TAG.lower()


class Translation:
    """One resource with its spans, translated."""

    def __init__(self, resource_spans: Message) -> None:
        self.request: Message = PostSpansRequest()
        self.exposed = False
        """Whether an attribute named as the token's tag was left out."""
        self._process(self.request.batch.process, resource_spans.resource.attributes)
        for scope in resource_spans.scope_spans:
            for span in scope.spans:
                self._span(self.request.batch.spans.add(), span, scope.scope)

    def _process(self, out: Message, attributes: Iterable[Message]) -> None:
        names = {attribute.key for attribute in attributes}
        for attribute in attributes:
            key, value = attribute.key, attribute.value
            if key == "service.name":
                out.service_name = value.string_value
            elif key == "host.name" and "hostname" not in names:
                self._tag(out.tags, "hostname", value)
            elif key == _VERSION and value.string_value.startswith(_VERSION_PREFIX):
                version = value.string_value.removeprefix(_VERSION_PREFIX)
                out.tags.add(key="jaeger.version", v_str=version)
            else:
                self._tag(out.tags, key, value)

    def _span(self, out: Message, span: Message, scope: Message) -> None:
        out.trace_id, out.span_id = span.trace_id, span.span_id
        out.operation_name = span.name
        out.flags = span.flags & _SAMPLED
        _time(out.start_time, span.start_time_unix_nano)
        _time(out.duration, max(0, span.end_time_unix_nano - span.start_time_unix_nano))
        _references(out.references, span)
        self._tags(out.tags, span.attributes)
        _texts(
            out.tags,
            {
                "span.kind": _KINDS.get(span.kind, ""),
                "w3c.tracestate": span.trace_state,
                "otel.scope.name": scope.name,
                "otel.scope.version": scope.version,
            },
        )
        _status(out.tags, span)
        for event in span.events:
            self._log(out.logs.add(), event)

    def _log(self, out: Message, event: Message) -> None:
        _time(out.timestamp, event.time_unix_nano)
        if all(attribute.key != "event" for attribute in event.attributes):
            _texts(out.fields, {"event": event.name})
        self._tags(out.fields, event.attributes)

    def _tags(self, out: Message, attributes: Iterable[Message]) -> None:
        for attribute in attributes:
            self._tag(out, attribute.key, attribute.value)

    def _tag(self, out: Message, key: str, value: Message) -> None:
        kind = value.WhichOneof("value")
        if key.lower() == _SECRET:
            self.exposed = True
        elif kind in _VALUES:
            field, number = _VALUES[kind]
            out.add(key=key, v_type=number, **{field: getattr(value, kind)})
        else:  # Jaeger has neither lists nor maps
            text = "" if kind is None else json.dumps(_plain(value), ensure_ascii=False)
            out.add(key=key, v_str=text)


def _texts(out: Message, texts: dict[str, str]) -> None:
    for key, text in texts.items():
        if text:
            out.add(key=key, v_str=text)


def _status(out: Message, span: Message) -> None:
    code, message = span.status.code, span.status.message
    if not (code or message):
        return
    known = {tag.key: tag.v_str for tag in out}
    if code == _ERROR and "error" not in known:
        out.add(key="error", v_type=1, v_bool=True)
    if code == _OK:
        out.add(key="otel.status_code", v_str="OK")
    # a collector copies http.status_message, and leaves the tag where it was
    if message and message != known.get("http.status_message"):
        out.add(key="otel.status_description", v_str=message)


def _references(out: Message, span: Message) -> None:
    parent = span.parent_span_id
    own = {link.span_id for link in span.links if link.trace_id == span.trace_id}
    if any(parent) and parent not in own:
        out.add(trace_id=span.trace_id, span_id=parent)
    for link in span.links:
        kinds = {a.key: a.value.string_value for a in link.attributes if a.key == _REFERENCE}
        kind = 0 if kinds.get(_REFERENCE) == "child_of" else _FOLLOWS_FROM
        trace_id, span_id = link.trace_id or _ZEROS, link.span_id or _ZEROS[:8]
        out.add(trace_id=trace_id, span_id=span_id, ref_type=kind)


def _time(out: Message, nanoseconds: int) -> None:
    out.seconds, out.nanos = divmod(nanoseconds, _SECOND)


def _plain(value: Message) -> object:
    """Return a value as JSON's data."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: _plain(each.value) for each in value.kvlist_value.values}
    found = getattr(value, kind) if kind else None
    return base64.b64encode(found).decode() if isinstance(found, bytes) else found
