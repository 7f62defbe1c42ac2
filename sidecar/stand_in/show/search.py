"""Jaeger's trace search: its parameters, and the traces that match them."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.stand_in.keep.store import TraceStore
    from sidecar.stand_in.show.decoder import Decoder
    from sidecar.stand_in.show.model import Span, Trace

    Held = tuple[bytes, list[bytes]]

DEFAULT_LIMIT = 100
MAX_LIMIT = 1500
_CHUNK = 50
_UNITS = {
    "ns": 0.001,
    "us": 1.0,
    "µs": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 6e7,
    "h": 3.6e9,
    "d": 8.64e10,
}
_DURATION = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h|d)")


@dataclass(frozen=True)
class TraceQuery:
    """A search; one span must meet all conditions.

    Times are in µs since the epoch, durations in µs.
    """

    service: str | None = None
    operation: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    start: float = 0
    end: float = float("inf")
    min_duration: float = 0
    max_duration: float = float("inf")
    limit: int = DEFAULT_LIMIT

    def matches(self, span: Span) -> bool:
        """Return whether a span meets all conditions."""
        return (
            self.service in (None, span.process.service)
            and self.operation in (None, span.operation)
            and self.start <= span.start <= self.end
            and self.min_duration <= span.duration <= self.max_duration
            and all(_has(span, key, value) for key, value in self.tags)
        )


def parse_query(fields: Mapping[str, str], simple_tags: Sequence[str], now: float) -> TraceQuery:
    """Return the query of a request to the API, which names a service as Jaeger requires it.

    Raises ValueError with Jaeger's own message.
    """
    if not fields.get("service"):
        raise ValueError("parameter 'service' is required")
    return read_query(fields, simple_tags, now)


def read_query(fields: Mapping[str, str], simple_tags: Sequence[str], now: float) -> TraceQuery:
    """Return the query for a request's fields and `tag` values; `now` is in µs.

    Raises ValueError with Jaeger's own message.
    """
    start = _number(fields, "start", 0)
    if "start" not in fields and fields.get("lookback", "custom") != "custom":
        start = now - _microseconds(fields, "lookback", 0)
    shortest = _microseconds(fields, "minDuration", 0)
    longest = _microseconds(fields, "maxDuration", float("inf"))
    if longest < shortest:
        raise ValueError("'maxDuration' should be greater than 'minDuration'")
    return TraceQuery(
        service=fields.get("service") or None,
        operation=fields.get("operation") or None,
        tags=_parse_tags(fields.get("tags"), simple_tags),
        start=start,
        end=_number(fields, "end", float("inf")),
        min_duration=shortest,
        max_duration=longest,
        limit=max(1, min(int(_number(fields, "limit", DEFAULT_LIMIT)), MAX_LIMIT)),
    )


async def find_traces(query: TraceQuery, store: TraceStore, decoder: Decoder) -> list[Trace]:
    """Return the traces with a matching span, newest first.

    A thread decodes them, so that spans still arrive meanwhile.
    """
    found: list[Trace] = []
    for held in _chunks(store, query.service):
        found += await asyncio.to_thread(_matching, query, held, decoder)
        if len(found) >= query.limit:
            break
    return found[: query.limit]


async def find_operations(
    service: str, store: TraceStore, decoder: Decoder
) -> list[tuple[str, str]]:
    """Return a service's (operation, span kind) pairs, sorted."""
    found: set[tuple[str, str]] = set()
    for held in _chunks(store, service):
        batches = dict.fromkeys(raw for _, batches in held for raw in batches)
        found |= await asyncio.to_thread(decoder.operations, service, batches)
    return sorted(found)


def _chunks(store: TraceStore, service: str | None) -> Iterator[list[Held]]:
    ids = store.newest(service)
    while chunk := list(islice(ids, _CHUNK)):
        held = ((trace_id, store.batches(trace_id)) for trace_id in chunk)
        yield [(trace_id, batches) for trace_id, batches in held if batches]


def _matching(query: TraceQuery, held: list[Held], decoder: Decoder) -> list[Trace]:
    traces = (decoder.trace(trace_id, batches) for trace_id, batches in held)
    return [trace for trace in traces if any(query.matches(span) for span in trace.spans)]


def _has(span: Span, key: str, value: str) -> bool:
    return any(tag.key == key and tag.text == value for tag in span.all_tags)


def _parse_tags(document: str | None, simple: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    for text in simple:
        key, colon, value = text.partition(":")
        if not colon:
            raise ValueError("malformed 'tag' parameter, expecting key:value")
        pairs[key] = value
    if document:
        try:
            data = json.loads(document)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise ValueError("malformed 'tags' parameter, expecting a JSON object of strings")
        pairs |= data
    return tuple(pairs.items())


def _number(fields: Mapping[str, str], name: str, default: float) -> float:
    text = fields.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise ValueError(f"unable to parse param '{name}': not a whole number")
    return int(text)


def _microseconds(fields: Mapping[str, str], name: str, default: float) -> float:
    text = fields.get(name)
    if not text:
        return default
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", text):
        raise ValueError(f"unable to parse param '{name}': not a duration such as 1.5s or 100ms")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
