"""A trace as a timeline: rows in the order of the tree, bars, and the critical path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.stand_in.show.model import Span, Trace

Section = tuple[int, int]
"""Start and end, in µs since the epoch."""

WHOLE = 1000
"""The width of a trace, in the unit of its bars."""
_NARROWEST = 4


@dataclass(frozen=True)
class SpanRow:
    """One span, its depth below a root, which has 0, and the number of its parent's row."""

    span: Span
    depth: int
    parent: int | None = None


def rows(trace: Trace) -> list[SpanRow]:
    """Return every span once, parents first, siblings by start.

    A span whose parent is absent is a root.
    """
    known = {span.span_id for span in trace.spans}
    children: dict[str, list[Span]] = {}
    roots: list[Span] = []
    for span in trace.spans:
        parent = span.parent_id
        if parent in known and parent != span.span_id:
            children.setdefault(str(parent), []).append(span)
        else:
            roots.append(span)
    ordered: dict[int, SpanRow] = {}
    # spans that are each other's parents are below no root: they follow as roots
    for root in (*roots, *trace.spans):
        _descend(root, children, ordered)
    return list(ordered.values())


def _descend(root: Span, children: dict[str, list[Span]], ordered: dict[int, SpanRow]) -> None:
    waiting = [SpanRow(root, 0)]
    while waiting:
        row = waiting.pop()
        if id(row.span) not in ordered:
            number = len(ordered)
            ordered[id(row.span)] = row
            below = children.get(row.span.span_id, ())
            waiting.extend(SpanRow(child, row.depth + 1, number) for child in reversed(below))


def critical_path(lines: Sequence[SpanRow]) -> dict[int, list[Section]]:
    """Return the rows on the first root's critical path, each with its own sections of it.

    The path is what has to become faster for the root to end earlier. Seen from the end of a span,
    it is in the child that ends last; before that child's start, in the one that had ended last by
    then; where no child runs, in the span itself. What a child does after its parent's end is not
    on it, nor are children that follow from their parent without being waited for.
    """
    children: dict[int, list[int]] = {}
    for number, row in enumerate(lines):
        if row.parent is not None and row.span.waited_for:
            children.setdefault(row.parent, []).append(number)
    found: dict[int, list[Section]] = {}
    waiting = [(0, lines[0].span.end)] if lines else []
    while waiting:
        number, until = waiting.pop()
        steps = _steps(lines, children.get(number, ()), lines[number].span.start, until)
        moment = until
        for child, child_end in steps:
            _add(found, number, (child_end, moment))
            waiting.append((child, child_end))
            moment = max(lines[child].span.start, lines[number].span.start)
        _add(found, number, (lines[number].span.start, moment))
    return found


def _steps(
    lines: Sequence[SpanRow], children: Sequence[int], start: int, until: int
) -> list[tuple[int, int]]:
    """Return the children that a span waits for between two times, latest first, with their end."""
    steps: list[tuple[int, int]] = []
    for child in sorted(children, key=lambda number: lines[number].span.end, reverse=True):
        span = lines[child].span
        # only the last child may run on after its parent's end
        end = span.end if steps else min(span.end, until)
        if end <= until and span.start < until and end > start:
            steps.append((child, end))
            until = max(span.start, start)
    return steps


def _add(found: dict[int, list[Section]], number: int, section: Section) -> None:
    sections = found.setdefault(number, [])
    if section[0] < section[1]:
        sections.append(section)


def bar(start: int, duration: int, trace_start: int, trace_duration: int) -> tuple[int, int]:
    """Return the (offset, width) of a time in thousandths of its trace; the width is at least 4."""
    whole = max(trace_duration, 1)
    width = min(max(round(duration * WHOLE / whole), _NARROWEST), WHOLE)
    offset = round((start - trace_start) * WHOLE / whole)
    return min(offset, WHOLE - width), width
