"""Closes a proof: reads each service's marked trace back, and counts its spans and links."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.read_back.api import ApiError
from sidecar.rules import read_back as rules
from sidecar.verify.hops import ACCEPTED, CLIENT, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidecar.read_back.api import StoredSpan, TraceApi
    from sidecar.verify.hops import Hop, Proof

SECONDS = 60.0
"""How long a region may take to store what it accepted."""
TRACE_SPANS = 100
"""A marked trace has up to as many spans: sidecar_tracing.probe.TRACE_SPANS."""
_PAUSE = 2.0
_NOTE = f"read back: the first marked trace of each service, which has up to {TRACE_SPANS} spans"


def closed(proof: Proof, api: TraceApi, say: Callable[[str], None], seconds: float) -> Proof:
    """Return the proof with the last hops that the region does not count, read back."""
    traces = _traces(proof)
    failed = {hop.service for hop in proof.hops if hop.ok is False}
    end = time.monotonic() + seconds
    hops = []
    for hop in proof.hops:
        unknown = hop.hop == ACCEPTED and hop.ok is None and hop.service not in failed
        if unknown and hop.service in traces:
            say(f"reading the trace of {hop.service} back from {api.region}, up to {seconds:g} s")
            hops.append(_read(hop, traces[hop.service], api, max(0.0, end - time.monotonic())))
        else:
            hops.append(hop)
    return replace(proof, hops=tuple(hops), notes=(*proof.notes, _NOTE))


def _traces(proof: Proof) -> dict[str, str]:
    """Return service → its first marked trace."""
    services = dict.fromkeys(hop.service for hop in proof.hops if hop.hop == CLIENT)
    return dict(zip(services, proof.trace_ids, strict=False))


def _read(hop: Hop, trace_id: str, api: TraceApi, seconds: float) -> Hop:
    expected = min(hop.expected or 0, TRACE_SPANS)
    spans, error = await_trace(api, trace_id, expected, seconds)
    if error and not spans:
        return replace(hop, ok=False, cause=error.cause, fix=error.fix, id=error.id)
    missing = len(spans) < expected
    others = _others(api, hop.service) if missing and not spans else 0
    problem = rules.trace(len(spans), expected, unlinked(spans), seconds, others)
    read = replace(hop, ok=True, figure=len(spans), expected=expected, cause="", fix="", id="")
    return judged(read, problem)


def await_trace(
    api: TraceApi, trace_id: str, expected: int, seconds: float
) -> tuple[list[StoredSpan], ApiError | None]:
    """Return the spans of a trace once all are there, or after `seconds`; and the last error.

    A throttled request is repeated, and another refusal ends the wait.
    """
    end = time.monotonic() + seconds
    spans: list[StoredSpan] = []
    while True:
        error = None
        try:
            spans = api.spans(trace_id)
        except ApiError as refused:
            error = refused
        hopeless = error is not None and not error.throttled
        if hopeless or len(spans) >= expected or time.monotonic() + _PAUSE > end:
            return spans, error
        time.sleep(_PAUSE)


def unlinked(spans: Sequence[StoredSpan]) -> int:
    """Return how many spans name a parent that is not among them."""
    known = {span.identity for span in spans}
    return sum(1 for span in spans if span.parent and span.parent not in known)


def _others(api: TraceApi, service: str) -> int:
    try:
        return api.recent_traces(service)
    except ApiError:
        return 0
