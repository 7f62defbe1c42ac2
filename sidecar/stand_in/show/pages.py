"""The pages: what arrived and what was lost, the traces, and one trace as a timeline."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from sidecar.stand_in.show.agents import AgentReader
from sidecar.stand_in.show.api import find_trace
from sidecar.stand_in.show.form import LIMITS, LOOKBACKS, ORDERS, read_form
from sidecar.stand_in.show.search import find_traces
from sidecar.stand_in.show.strip import REASONS, fault_words, hops
from sidecar.stand_in.show.trace_page import read_filter, trace_values
from sidecar.stand_in.show.words import ago_text, duration_text, iso_text, time_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sidecar.stand_in.show.form import Form
    from sidecar.stand_in.show.model import Trace
    from sidecar.stand_in.state import State

_FILTERS = {
    "ago": ago_text,
    "count": "{:,}".format,
    "duration": duration_text,
    "iso": iso_text,
    "time": time_text,
}
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
_CHOICES = {
    "limits": {limit: f"{limit:,} traces" for limit in LIMITS},
    "lookbacks": LOOKBACKS,
    "orders": ORDERS,
}


@dataclass(frozen=True)
class TraceLine:
    """One trace in the list; `width` is its duration in thousandths of the longest one shown."""

    trace_id: str
    service: str
    operation: str
    start: int
    duration: int
    spans: int
    services: int
    failed: int
    width: int


class Pages:
    """Handlers of / and /trace/{id}, and of what they load."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._agents = AgentReader(state.intake.senders)
        loader = PackageLoader("sidecar.stand_in.show")
        self._templates = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {**_FILTERS, "masked": state.decoder.text}
        self._assets = {name: loader.get_source(self._templates, name)[0] for name in _ASSETS}

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the pages and of their style sheet and script."""
        return [
            web.get("/", self.latest),
            web.get("/live", self.live),
            web.get("/trace/{id}", self.trace),
            web.get("/trace/{id}/span/{span}", self.span),
            web.get("/{name:page[.](?:css|js)}", self.asset),
        ]

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """End what still runs when the application ends."""
        yield
        await self._agents.close()

    async def latest(self, request: web.Request) -> web.Response:
        """Show what arrived, and the newest traces or those that a search finds."""
        form = read_form(request.query)
        traces: list[Trace] = []
        problem = ""
        try:
            query = form.query(time.time() * 1e6)
            traces = await find_traces(query, self._state.store, self._state.decoder)
        except ValueError as error:
            problem = str(error)
        values = {
            **await self._live(),
            **_CHOICES,
            "form": form,
            "problem": problem,
            "names": sorted(map(self._state.decoder.text, self._state.store.services())),
            "stored": len(self._state.store),
        }

        def render() -> str:
            return self._text("latest.html", found=trace_lines(traces, form), **values)

        return _page(await asyncio.to_thread(render), status=400 if problem else 200)

    async def live(self, _: web.Request) -> web.Response:
        """Show the parts of the first page that change by themselves."""
        values = await self._live()
        return _page(await asyncio.to_thread(self._text, "live.html", **values))

    async def _live(self) -> dict[str, Any]:
        state = self._state
        totals = state.counters()
        agents = await self._agents.views()
        reporters = state.reporters()
        return {
            "hops": hops(reporters, agents, totals),
            "faults": fault_words(totals["faults"]),
            "reporters": reporters,
            "agents": agents,
            "refused": state.refused(),
            "reasons": REASONS,
            "arrived": len(state.store) + state.store.evicted_traces,
        }

    async def trace(self, request: web.Request) -> web.Response:
        """Show one trace, or those of its spans that the request asks for."""
        trace = await find_trace(self._state, request.match_info["id"])
        if trace is None:
            return self._missing()
        chosen = read_filter(request.query)

        def render() -> str:
            return self._text("trace.html", **trace_values(trace, chosen))

        return _page(await asyncio.to_thread(render))

    async def span(self, request: web.Request) -> web.Response:
        """Show the tags and logs of one span, or of those that share its ID."""
        trace = await find_trace(self._state, request.match_info["id"])
        wanted = request.match_info["span"]
        spans = [span for span in trace.spans if span.span_id == wanted] if trace else []
        if not spans:
            return self._missing()
        return _page(self._text("span.html", trace=trace, spans=spans))

    def _missing(self) -> web.Response:
        return _page(self._text("missing.html"), status=404)

    async def asset(self, request: web.Request) -> web.Response:
        """Show the style sheet or the script."""
        name = request.match_info["name"]
        return web.Response(text=self._assets[name], content_type=_ASSETS[name])

    def _text(self, name: str, **values: Any) -> str:  # noqa: ANN401 - a template's values
        return self._templates.get_template(name).render(**values)


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def trace_lines(traces: list[Trace], form: Form) -> list[TraceLine]:
    """Return the lines that the form asks for, in its order."""
    if form.order == "longest":
        traces = sorted(traces, key=lambda trace: trace.duration, reverse=True)
    shown = traces[: form.limit]
    longest = max((trace.duration for trace in shown), default=0)
    return [_trace_line(trace, longest) for trace in shown]


def _trace_line(trace: Trace, longest: int) -> TraceLine:
    root, duration = trace.root, trace.duration
    return TraceLine(
        trace.trace_id,
        root.process.service,
        root.operation,
        trace.start,
        duration,
        len(trace.spans),
        len({span.process.service for span in trace.spans}),
        sum(span.failed for span in trace.spans),
        max(4, duration * 1000 // max(longest, 1)),
    )
