"""What the page of a trace shows: filtered rows with bars, and what made the trace slow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.stand_in.show.timeline import bar, critical_path, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.stand_in.show.model import Span, Trace
    from sidecar.stand_in.show.timeline import Section, SpanRow

MAX_ROWS = 10_000
MAX_INLINE = 300
"""Above, the rows hold a link to their tags: the page would be too heavy."""
CHOICES = {"": "all spans", "errors": "only errors", "path": "only the critical path"}
_COLOURS = 8
_DEEPEST = 12
_SLOWEST = 5
_TICKS = 4
_APART = 2
"""Sections that are closer than this (in thousandths of the trace) are shown as one."""


@dataclass(frozen=True)
class Filter:
    """Which rows to show."""

    find: str = ""
    only: str = ""

    def accepts(self, span: Span, critical: bool) -> bool:
        """Return whether to show a span."""
        if self.only == "errors" and not span.failed:
            return False
        if self.only == "path" and not critical:
            return False
        return not self.find or any(self.find.lower() in text.lower() for text in _texts(span))


def read_filter(fields: Mapping[str, str]) -> Filter:
    """Return the filter of a request."""
    only = fields.get("only", "")
    return Filter(fields.get("find", "").strip(), only if only in CHOICES else "")


def _texts(span: Span) -> Iterable[str]:
    yield from (span.operation, span.process.service, span.span_id)
    for group in (span.tags, span.process.tags, *(log.fields for log in span.logs)):
        for tag in group:
            yield from (tag.key, tag.text)


def trace_values(trace: Trace, chosen: Filter) -> dict[str, Any]:
    """Return the values of the template."""
    ordered = rows(trace)
    path = critical_path(ordered)
    services = list(dict.fromkeys(span.process.service for span in trace.spans))
    # these properties iterate over all spans: read once, not per row
    start, duration = trace.start, trace.duration
    lines = [
        {
            "span": row.span,
            "indent": min(row.depth, _DEEPEST),
            "colour": services.index(row.span.process.service) % _COLOURS,
            "critical": number in path,
            "bar": bar(row.span.start, row.span.duration, start, duration),
            "sections": _bars(path.get(number, ()), start, duration),
        }
        for number, row in enumerate(ordered)
        if chosen.accepts(row.span, number in path)
    ]
    return {
        "trace": trace,
        "duration": duration,
        "failed": sum(span.failed for span in trace.spans),
        "services": services,
        "slowest": _slowest(ordered, path),
        "lines": lines[:MAX_ROWS],
        "hidden": max(0, len(lines) - MAX_ROWS),
        "inline": len(lines) <= MAX_INLINE,
        "ticks": [duration * number // _TICKS for number in range(_TICKS + 1)],
        "choices": CHOICES,
        "find": chosen.find,
        "only": chosen.only,
    }


def _slowest(ordered: list[SpanRow], path: dict[int, list[Section]]) -> list[dict[str, Any]]:
    times: Counter[tuple[str, str]] = Counter()
    for number, sections in path.items():
        span = ordered[number].span
        own = sum(end - begin for begin, end in sections)
        times[span.process.service, span.operation] += own
    total = sum(times.values())
    return [
        {"service": service, "operation": operation, "time": own, "share": own * 100 // total}
        for (service, operation), own in times.most_common(_SLOWEST)
        if own
    ]


def _bars(sections: Iterable[Section], start: int, duration: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(sections):
        x, width = bar(begin, end - begin, start, duration)
        if merged and x - sum(merged[-1]) < _APART:
            first = merged.pop()[0]
            x, width = first, max(x + width - first, width)
        merged.append((x, width))
    return merged
