"""What the page of a trace shows: filtered rows with bars, and what made the trace slow."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.stand_in.show.timeline import bar, critical_path, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.stand_in.show.model import Span, Trace
    from sidecar.stand_in.show.timeline import Section, SpanRow

MAX_ROWS = 1000
"""On one page; a browser is slow with more."""
MAX_INLINE = 300
"""Above, the rows hold a link to their tags, which the script follows."""
CHOICES = {"": "all spans", "errors": "only errors", "path": "only the critical path"}
_COLOURS = 8
_DEEPEST = 12
_SLOWEST = 5
_TICKS = 4
_APART = 2
"""Sections that are closer than this (in thousandths of the trace) are shown as one."""


@dataclass(frozen=True)
class Filter:
    """Which rows to show, and from which of them on."""

    find: str = ""
    only: str = ""
    first: int = 0

    def accepts(self, span: Span, critical: bool) -> bool:
        """Return whether to show a span."""
        if self.only == "errors" and not span.failed:
            return False
        if self.only == "path" and not critical:
            return False
        find = self.find.lower()
        return not find or any(find in text.lower() for text in _texts(span))


def read_filter(fields: Mapping[str, str]) -> Filter:
    """Return the filter of a request."""
    only = fields.get("only", "")
    first = fields.get("from", "")
    return Filter(
        fields.get("find", "").strip(),
        only if only in CHOICES else "",
        int(first) if re.fullmatch(r"[0-9]{1,9}", first) else 0,
    )


def _texts(span: Span) -> Iterable[str]:
    yield from (span.operation, span.process.service, span.span_id)
    for tag in span.all_tags:
        yield from (tag.key, tag.text)


def trace_values(trace: Trace, chosen: Filter) -> dict[str, Any]:
    """Return the values of the template."""
    ordered = rows(trace)
    path = critical_path(ordered)
    wanted = [
        number for number, row in enumerate(ordered) if chosen.accepts(row.span, number in path)
    ]
    duration = trace.duration
    return {
        "trace": trace,
        "root": trace.root,
        "duration": duration,
        "failed": sum(span.failed for span in trace.spans),
        "services": _services(trace),
        "slowest": _slowest(ordered, path),
        "lines": _lines(trace, ordered, path, wanted[chosen.first : chosen.first + MAX_ROWS]),
        "pages": _pages(len(wanted), chosen.first),
        "found": len(wanted),
        "inline": len(wanted) <= MAX_INLINE,
        "ticks": [duration * number // _TICKS for number in range(_TICKS + 1)],
        "choices": CHOICES,
        "chosen": chosen,
    }


def _services(trace: Trace) -> list[str]:
    return list(dict.fromkeys(span.process.service for span in trace.spans))


def _lines(
    trace: Trace, ordered: list[SpanRow], path: dict[int, list[Section]], numbers: list[int]
) -> list[dict[str, Any]]:
    colours = {service: place % _COLOURS for place, service in enumerate(_services(trace))}
    # these properties iterate over all spans: read once, not per row
    start, duration = trace.start, trace.duration
    return [
        {
            "span": ordered[number].span,
            "indent": min(ordered[number].depth, _DEEPEST),
            "colour": colours[ordered[number].span.process.service],
            "critical": number in path,
            "bar": bar(ordered[number].span.start, ordered[number].span.duration, start, duration),
            "sections": _bars(path.get(number, ()), start, duration),
        }
        for number in numbers
    ]


def _pages(found: int, first: int) -> list[dict[str, Any]]:
    """Return the pages of the rows; none if there is one."""
    starts = range(0, found, MAX_ROWS)
    if len(starts) < 2:
        return []
    return [
        {"first": start, "last": min(start + MAX_ROWS, found), "here": start == first}
        for start in starts
    ]


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
