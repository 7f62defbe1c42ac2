"""The pages: the latest traces and the totals, and one trace as a tree with bars."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from sidecar.stand_in.show.api import find_trace

if TYPE_CHECKING:
    from sidecar.stand_in.show.model import Span, Trace
    from sidecar.stand_in.state import State

LATEST = 50
MAX_ROWS = 1000
_BAR = 1000
_COLOURS = 8
_DEEPEST = 12


class Pages:
    """Handlers of / and /trace/{id}."""

    def __init__(self, state: State) -> None:
        self._state = state
        loader = PackageLoader("sidecar.stand_in.show")
        self._templates = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "duration": duration_text,
            "time": time_text,
            "count": "{:,}".format,
        }
        self._style = loader.get_source(self._templates, "page.css")[0]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the pages and their style sheet."""
        return [
            web.get("/", self.latest),
            web.get("/trace/{id}", self.trace),
            web.get("/page.css", self.style),
        ]

    async def latest(self, _: web.Request) -> web.Response:
        """Show the newest traces and the totals."""
        store, decoder, totals = self._state.store, self._state.decoder, self._state.counters()
        held = [(trace_id, store.batches(trace_id)) for trace_id in islice(store.newest(), LATEST)]
        stored = len(store)

        def render() -> str:
            traces = [decoder.trace(*pair) for pair in held]
            return self._text("latest.html", traces=traces, totals=totals, stored=stored)

        return _page(await asyncio.to_thread(render))

    async def trace(self, request: web.Request) -> web.Response:
        """Show one trace."""
        trace = await find_trace(self._state, request.match_info["id"])
        if trace is None:
            return _page(self._text("missing.html"), status=404)
        return _page(await asyncio.to_thread(self._trace_text, trace))

    def _trace_text(self, trace: Trace) -> str:
        services = list(dict.fromkeys(span.process.service for span in trace.spans))
        colours = {service: number % _COLOURS for number, service in enumerate(services)}
        # these properties iterate over all spans: read once, not per row
        start, duration = trace.start, trace.duration
        lines = [
            {
                "span": row.span,
                "indent": min(row.depth, _DEEPEST),
                "colour": colours[row.span.process.service],
                "bar": bar(row.span, start, duration),
            }
            for row in rows(trace)[:MAX_ROWS]
        ]
        hidden = len(trace.spans) - len(lines)
        return self._text("trace.html", trace=trace, lines=lines, services=services, hidden=hidden)

    async def style(self, _: web.Request) -> web.Response:
        """Show the style sheet."""
        return web.Response(text=self._style, content_type="text/css")

    def _text(self, name: str, **values: Any) -> str:  # noqa: ANN401 - a template's values
        return self._templates.get_template(name).render(**values)


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def bar(span: Span, start: int, duration: int) -> tuple[int, int]:
    """Return a span's (offset, width) in thousandths of its trace; the width is at least 4."""
    whole = max(duration, 1)
    width = min(max(round(span.duration * _BAR / whole), 4), _BAR)
    offset = round((span.start - start) * _BAR / whole)
    return min(offset, _BAR - width), width


def duration_text(microseconds: int) -> str:
    """Return a duration with a fitting unit: 850 µs, 12.3 ms, 4.56 s."""
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.2f} s"


def time_text(microseconds: int) -> str:
    """Return a time (µs since the epoch) in UTC, or the number if no calendar has it."""
    try:
        moment = datetime.fromtimestamp(microseconds / 1e6, tz=timezone.utc)
    except (OverflowError, ValueError, OSError):
        return f"{microseconds} µs"
    return moment.strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class SpanRow:
    """One span and its depth below a root, which has 0."""

    span: Span
    depth: int


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
            ordered[id(row.span)] = row
            below = children.get(row.span.span_id, ())
            waiting.extend(SpanRow(child, row.depth + 1) for child in reversed(below))
