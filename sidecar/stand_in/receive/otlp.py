"""What an OTLP call brings: its token beside its spans, and a batch per resource."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sidecar.stand_in.keep.credentials import Presented
from sidecar.stand_in.keep.intake import SPAN_ID_LENGTH, TRACE_ID_LENGTH, Intake, Verdict
from sidecar.stand_in.keep.store import OTLP
from sidecar.stand_in.receive.otlp_spans import Translation

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTHING = b""
"""A PostSpansRequest without spans."""


@dataclass(frozen=True)
class Call:
    """What is known of a call besides its spans; the token is never kept."""

    token: str | None
    bad_token: str | None
    """The fault that is set: what each token counts as."""
    sender: str


def take(raw: bytes, call: Call, intake: Intake, *, is_json: bool = False) -> Verdict:
    """Keep all spans of an ExportTraceServiceRequest, or none of them."""
    try:
        request = _of_json(raw) if is_json else ExportTraceServiceRequest.FromString(raw)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError):
        return intake.malformed(call.sender, OTLP)
    presented = intake.presented(call.token)
    if presented is Presented.RIGHT and not _sound(request):
        return intake.malformed(call.sender, OTLP)
    verdict = None
    for batch in _batches(request, intake):
        verdict = intake.accept(batch, call.bad_token, call.sender, presented)
    # a call without spans asks for the verdict of its token
    return verdict or intake.accept(_NOTHING, call.bad_token, call.sender, presented)


def _batches(request: Any, intake: Intake) -> Iterator[bytes]:  # noqa: ANN401 - protobuf
    for resource in request.resource_spans:
        if any(scope.spans for scope in resource.scope_spans):
            translation = Translation(resource)
            raw, exposed = intake.concealed(translation.request)
            if exposed or translation.exposed:
                intake.expose(translation.request.batch)
            yield raw


def _spans(request: Any) -> Iterator[Any]:  # noqa: ANN401
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _sound(request: Any) -> bool:  # noqa: ANN401
    """Return whether all ids have their length; what a span refers to may be empty: zeros."""
    return all(
        (len(span.trace_id), len(span.span_id)) == (TRACE_ID_LENGTH, SPAN_ID_LENGTH)
        and len(span.parent_span_id) in (0, SPAN_ID_LENGTH)
        and all(map(_sound_link, span.links))
        for span in _spans(request)
    )


def _sound_link(link: Any) -> bool:  # noqa: ANN401 - a protobuf Link
    return len(link.trace_id) in (0, TRACE_ID_LENGTH) and len(link.span_id) in (0, SPAN_ID_LENGTH)


def _of_json(raw: bytes) -> Any:  # noqa: ANN401
    """Return the request of OTLP's JSON, whose ids are hexadecimal. Raises ValueError."""
    request = ExportTraceServiceRequest()
    json_format.Parse(raw, request, ignore_unknown_fields=True)
    for span in _spans(request):
        span.parent_span_id = _from_hex(span.parent_span_id)
        for one in (span, *span.links):
            one.trace_id, one.span_id = _from_hex(one.trace_id), _from_hex(one.span_id)
    return request


def _from_hex(read: bytes) -> bytes:
    """Undo protobuf's reading of an id, which takes every text for base64."""
    return bytes.fromhex(base64.b64encode(read).decode())
