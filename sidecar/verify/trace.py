"""A trace as a tree of lines."""

from __future__ import annotations

import json
import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules.parts import words_of
from sidecar.verify.network import loopback
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SPANS = 4
"""A trace of the sample has at least these: two in each of its two services."""


@dataclass(frozen=True)
class TracedSpan:
    """One span of a trace."""

    identity: str
    parent: str
    service: str
    operation: str
    start: int
    """Microseconds since the epoch."""
    duration: int
    """Microseconds."""
    error: bool


def fetch(page: str, trace_id: str) -> list[TracedSpan]:
    """Return the spans of a trace from a query API; none where it is unknown.

    Raises SidecarError where the page does not answer.
    """
    try:
        trace = json.loads(loopback.fetch(f"{page}/api/traces/{trace_id}"))["data"][0]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise SidecarError(page, f"answered {error.code}") from error
    except OSError as error:
        raise SidecarError(page, f"does not answer: {words_of(error)}") from error
    return [_span(span, trace["processes"]) for span in trace["spans"]]


def fetch_whole(page: str, trace_id: str, seconds: float) -> list[TracedSpan]:
    """Return the spans of a trace of the sample: all, or those that arrived after `seconds`.

    Raises SidecarError where the page does not answer.
    """
    return wait_for(lambda: fetch(page, trace_id), lambda spans: len(spans) >= SPANS, seconds)


def _span(span: Mapping[str, Any], processes: Mapping[str, Any]) -> TracedSpan:
    parents = [reference["spanID"] for reference in span["references"]]
    return TracedSpan(
        identity=span["spanID"],
        parent=parents[0] if parents else "",
        service=processes[span["processID"]]["serviceName"],
        operation=span["operationName"],
        start=span["startTime"],
        duration=span["duration"],
        error=any(_is_error(tag) for tag in span["tags"]),
    )


def _is_error(tag: Mapping[str, Any]) -> bool:
    return tag["key"] == "error" and tag["value"] in (True, "true")


def tree(spans: list[TracedSpan]) -> str:
    """Return the trace as a tree: service, operation, duration; spans that miss are counted."""
    known = {span.identity for span in spans}
    roots = _ordered([span for span in spans if span.parent not in known])
    lines = [line for root in roots for line in _lines(root, spans, "", "")]
    size = max((len(text) for text, _ in lines), default=0)
    shown = [f"{text.ljust(size)}  {duration:>10}" for text, duration in lines]
    if len(spans) < SPANS:
        shown.append(f"  {len(spans)} spans arrived, {SPANS} or more were sent")
    return "\n".join(shown)


def _lines(
    span: TracedSpan, spans: list[TracedSpan], first: str, rest: str
) -> Iterator[tuple[str, str]]:
    """Yield a span and those below it, each as text and duration."""
    failed = "  (error)" if span.error else ""
    yield f"{first}{span.service}  {span.operation}{failed}", f"{span.duration / 1000:.1f} ms"
    children = _ordered([child for child in spans if child.parent == span.identity])
    for child in children:
        if child is children[-1]:
            yield from _lines(child, spans, f"{rest}└─ ", f"{rest}   ")
        else:
            yield from _lines(child, spans, f"{rest}├─ ", f"{rest}│  ")


def _ordered(spans: list[TracedSpan]) -> list[TracedSpan]:
    return sorted(spans, key=lambda span: (span.start, span.identity))


def request(url: str) -> str:
    """Send a request to the sample and return its trace id. Raises SidecarError where it fails."""
    try:
        trace_id: str = json.loads(loopback.fetch(url, 30))["trace_id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SidecarError(url, f"does not answer as the sample does: {error}") from error
    return trace_id
