"""A trace as a tree: rows in reading order with their depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.stand_in.model import Span, Trace


@dataclass(frozen=True)
class Row:
    """One span and how deep it stands below a root (0)."""

    span: Span
    depth: int


def rows(trace: Trace) -> list[Row]:
    """Return every span once, parents first, siblings by start; without its parent it is a root."""
    known = {span.span_id for span in trace.spans}
    children: dict[str, list[Span]] = {}
    roots: list[Span] = []
    for span in trace.spans:
        parent = span.parent_id
        if parent in known and parent != span.span_id:
            children.setdefault(str(parent), []).append(span)
        else:
            roots.append(span)
    ordered: dict[int, Row] = {}
    # spans that are each other's parents hang below no root: they follow as roots
    for root in (*roots, *trace.spans):
        _descend(root, children, ordered)
    return list(ordered.values())


def _descend(root: Span, children: dict[str, list[Span]], ordered: dict[int, Row]) -> None:
    waiting = [Row(root, 0)]
    while waiting:
        row = waiting.pop()
        if id(row.span) not in ordered:
            ordered[id(row.span)] = row
            below = children.get(row.span.span_id, ())
            waiting.extend(Row(child, row.depth + 1) for child in reversed(below))
