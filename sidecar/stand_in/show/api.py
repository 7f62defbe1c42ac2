"""The HTTP API: Jaeger's query API, the kit's counts by marker, totals and faults."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sidecar.errors import SidecarError
from sidecar.stand_in.faults import Faults
from sidecar.stand_in.show.jaeger_json import envelope, error_envelope, trace_json
from sidecar.stand_in.show.search import find_operations, find_traces, parse_query

if TYPE_CHECKING:
    from sidecar.stand_in.show.model import Trace
    from sidecar.stand_in.state import State

_BODY_SECONDS = 10.0
_TRACE_ID = re.compile(r"[0-9a-fA-F]{1,32}")


class Api:
    """Handlers under /api."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; any other path is answered 404 in the API's envelope."""
        return [
            web.get("/api/services", self.services),
            web.get("/api/services/{service}/operations", self.service_operations),
            web.get("/api/operations", self.operations),
            web.get("/api/traces", self.traces),
            web.get("/api/traces/{id}", self.trace),
            web.get("/api/dependencies", self.dependencies),
            web.get("/api/markers/{marker}", self.marker),
            web.get("/api/counters", self.counters),
            web.get("/api/reporters", self.reporters),
            web.get("/api/faults", self.faults),
            web.post("/api/faults", self.set_faults),
            web.put("/api/faults", self.set_faults),
        ]

    async def services(self, _: web.Request) -> web.Response:
        """List the services in the stored traces."""
        names = sorted(map(self._state.decoder.text, self._state.store.services()))
        return web.json_response(envelope(names, len(names)))

    async def service_operations(self, request: web.Request) -> web.Response:
        """List the operation names of a service."""
        state = self._state
        pairs = await find_operations(request.match_info["service"], state.store, state.decoder)
        names = sorted({name for name, _ in pairs})
        return web.json_response(envelope(names, len(names)))

    async def operations(self, request: web.Request) -> web.Response:
        """List a service's operations with their span kinds."""
        service = request.query.get("service", "")
        if not service:
            return failure(400, "parameter 'service' is required")
        kind = request.query.get("spanKind", "")
        pairs = await find_operations(service, self._state.store, self._state.decoder)
        data = [{"name": name, "spanKind": own} for name, own in pairs if kind in ("", own)]
        return web.json_response(envelope(data, len(data)))

    async def traces(self, request: web.Request) -> web.Response:
        """Search for traces, or fetch those of the `traceID` parameters."""
        if request.query.getall("traceID", []):
            return await self._by_ids(request.query.getall("traceID"), request.query.get("via"))
        try:
            query = parse_query(request.query, request.query.getall("tag", []), time.time() * 1e6)
        except ValueError as error:
            return failure(400, str(error))
        return await _traces_response(
            await find_traces(query, self._state.store, self._state.decoder)
        )

    async def _by_ids(self, ids: list[str], via: str | None) -> web.Response:
        if not all(_TRACE_ID.fullmatch(text) for text in ids):
            return failure(400, "cannot parse traceID param")
        found = {text: await find_trace(self._state, text, via) for text in ids}
        errors = [
            {"msg": "trace not found", "traceID": text}
            for text, trace in found.items()
            if not trace
        ]
        return await _traces_response([trace for trace in found.values() if trace], errors)

    async def trace(self, request: web.Request) -> web.Response:
        """Fetch one trace; the ID is hexadecimal, with or without leading zeros.

        `via=jaeger` or `via=otlp` leaves out the spans that came by the other protocol.
        """
        text = request.match_info["id"]
        if not _TRACE_ID.fullmatch(text):
            return failure(400, "the trace ID is not a hexadecimal number of at most 32 digits")
        trace = await find_trace(self._state, text, request.query.get("via"))
        return await _traces_response([trace]) if trace else failure(404, "trace not found")

    async def dependencies(self, _: web.Request) -> web.Response:
        """Answer with an empty list: the stand-in computes no dependencies."""
        return web.json_response(envelope([]))

    async def marker(self, request: web.Request) -> web.Response:
        """Count the spans that carry a marker."""
        report = self._state.intake.markers.report(request.match_info["marker"])
        services = {
            self._state.decoder.text(name): count for name, count in report["services"].items()
        }
        return web.json_response({**report, "services": services})

    async def counters(self, _: web.Request) -> web.Response:
        """Show all totals."""
        return web.json_response(self._state.counters())

    async def reporters(self, _: web.Request) -> web.Response:
        """Count the services' own spans by service and host."""
        return web.json_response({"reporters": self._state.reporters()})

    async def faults(self, _: web.Request) -> web.Response:
        """Show the active faults."""
        return web.json_response(self._state.faults.current.as_dict())

    async def set_faults(self, request: web.Request) -> web.Response:
        """Change some faults (POST) or replace all (PUT), and show the active ones."""
        # without this server's consent, a page of another site can post a form, but not JSON
        if request.content_type != "application/json":
            return failure(415, "the body is not application/json")
        try:
            changes: Any = json.loads(await asyncio.wait_for(request.text(), _BODY_SECONDS))
            base = Faults() if request.method == "PUT" else self._state.faults.current
            await self._state.faults.set(base.changed(changes))
        except asyncio.TimeoutError:
            return failure(408, "the body did not arrive in time")
        except (ValueError, RecursionError) as error:
            return failure(400, str(error))
        except SidecarError as error:  # the gRPC port is taken by another program
            return failure(409, str(error))
        return web.json_response(self._state.faults.current.as_dict())


async def find_trace(state: State, text: str, via: str | None = None) -> Trace | None:
    """Return the stored trace with a hexadecimal ID, or None; `via` is a protocol."""
    if not _TRACE_ID.fullmatch(text):
        return None
    trace_id = bytes.fromhex(text.zfill(32))
    batches = state.store.batches(trace_id, via)
    return await asyncio.to_thread(state.decoder.trace, trace_id, batches) if batches else None


async def _traces_response(
    traces: list[Trace], errors: list[dict[str, str]] | None = None
) -> web.Response:
    def render() -> str:
        return json.dumps(envelope([trace_json(trace) for trace in traces], errors=errors))

    return web.json_response(text=await asyncio.to_thread(render))


def failure(code: int, message: str) -> web.Response:
    """Return an error in Jaeger's envelope."""
    return web.json_response(error_envelope(code, message), status=code)
