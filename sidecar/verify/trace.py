"""A trace as a tree of lines."""

from __future__ import annotations

import json
import urllib.error
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.verify.loopback import fetch as get

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SPANS = 4
"""A request's trace has no fewer: two in each of the two services."""


@dataclass(frozen=True)
class Row:
    """One span."""

    identity: str
    parent: str
    service: str
    operation: str
    start: int
    """Microseconds since the epoch."""
    duration: int
    """Microseconds."""
    error: bool


def fetch(page: str, trace_id: str) -> list[Row]:
    """Return the spans of a trace from a query API; none where it is unknown. Raises SidecarError."""
    try:
        trace = json.loads(get(f"{page}/api/traces/{trace_id}"))["data"][0]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise SidecarError(page, f"answered {error.code}") from error
    except OSError as error:
        raise SidecarError(page, f"does not answer: {error}") from error
    return [_row(span, trace["processes"]) for span in trace["spans"]]


def tree(rows: list[Row]) -> str:
    """Return the trace as a tree: service, operation, duration; says where spans of the sample's are missing."""
    known = {row.identity for row in rows}
    roots = [row for row in rows if row.parent not in known]
    lines = [line for root in _ordered(roots) for line in _lines(root, rows, "", "")]
    size = max((len(text) for text, _ in lines), default=0)
    shown = [f"{text.ljust(size)}  {duration:>10}" for text, duration in lines]
    missing = (
        [f"  {len(rows)} spans arrived, {SPANS} or more were sent"] if len(rows) < SPANS else []
    )
    return "\n".join(shown + missing)


def _lines(row: Row, rows: list[Row], first: str, rest: str) -> Iterator[tuple[str, str]]:
    failed = "  (error)" if row.error else ""
    yield f"{first}{row.service}  {row.operation}{failed}", f"{row.duration / 1000:.1f} ms"
    children = _ordered([child for child in rows if child.parent == row.identity])
    for child in children:
        last = child is children[-1]
        yield from _lines(
            child, rows, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )


def _ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.start, row.identity))


def _row(span: Mapping[str, Any], processes: Mapping[str, Any]) -> Row:
    parents = [reference["spanID"] for reference in span["references"]]
    return Row(
        identity=span["spanID"],
        parent=parents[0] if parents else "",
        service=processes[span["processID"]]["serviceName"],
        operation=span["operationName"],
        start=span["startTime"],
        duration=span["duration"],
        error=any(tag["key"] == "error" and tag["value"] in (True, "true") for tag in span["tags"]),
    )


def request(url: str) -> str:
    """Send a request to the sample and return its trace id. Raises SidecarError where it fails."""
    try:
        trace_id: str = json.loads(get(url, 30))["trace_id"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SidecarError(url, f"does not answer as the sample does: {error}") from error
    return trace_id
