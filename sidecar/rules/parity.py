"""Spans as plain data, and what a collector is known to change in them.

The same span may come through an agent, by Jaeger's protocol, and through a collector, by OTLP.
Both arrive at the stand-in, whose API answers in one form. A collector's `jaeger` receiver
translates, though, and not all of that can be undone: `KNOWN` lists it, as seen with release
0.165.0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar.rules.recognition import TOKEN_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Tag = tuple[str, str, str]
"""Key, type (string, bool, int64, float64, binary), and the value as JSON."""
SpanId = tuple[str, str]
"""The ids of the trace and of the span."""

_TRUE: Tag = ("error", "bool", "true")
_KINDS = ("internal", "server", "client", "producer", "consumer")
_HTTP_CODES = ("http.response.status_code", "http.status_code")


@dataclass(frozen=True)
class SpanData:
    """One span; what has no order is sorted."""

    id: SpanId
    operation: str
    service: str
    start: int
    duration: int
    flags: int
    tags: tuple[Tag, ...]
    process: tuple[Tag, ...]
    """The tags of its process, without the token's."""
    logs: tuple[tuple[int, tuple[Tag, ...]], ...]
    references: tuple[tuple[str, str, str], ...]
    """Kind, trace id and span id."""

    @property
    def failed(self) -> bool:
        """The span's status."""
        return _TRUE in self.tags


@dataclass(frozen=True)
class Known:
    """A change by a collector that is expected."""

    id: str
    what: str
    change: Callable[[SpanData], SpanData]


@dataclass(frozen=True)
class Comparison:
    """Spans of an agent beside those of a collector."""

    equal: int
    known: Mapping[str, int]
    """The number of spans per expected change, by its id."""
    missing: tuple[SpanId, ...]
    """Spans that only the agent delivered."""
    surplus: tuple[SpanId, ...]
    """Spans that only the collector delivered."""
    other: tuple[tuple[SpanId, str], ...]
    """Fields that differ for no known reason."""

    @property
    def ok(self) -> bool:
        """Whether both delivered the same."""
        return not (self.missing or self.surplus or self.other)


def read_spans(traces: Iterable[Mapping[str, Any]]) -> dict[SpanId, SpanData]:
    """Return the spans of traces in the JSON of the stand-in's API."""
    return {
        (each["traceID"], each["spanID"]): _span(each, trace["processes"][each["processID"]])
        for trace in traces
        for each in trace["spans"]
    }


def compare(agent: Mapping[SpanId, SpanData], collector: Mapping[SpanId, SpanData]) -> Comparison:
    """Compare the collector's spans with what it should make of the agent's."""
    known: dict[str, int] = {}
    other: list[tuple[SpanId, str]] = []
    both = sorted(agent.keys() & collector.keys())
    for identity in both:
        expected, changes = as_collected(agent[identity])
        # by its feature gates, a collector has either name: the newer one stands for both
        actual = _http_name(collector[identity])
        for change in changes:
            if change is not HTTP_NAME or actual == collector[identity]:
                known[change.id] = known.get(change.id, 0) + 1
        other += [(identity, name) for name in _differing(expected, actual)]
    return Comparison(
        equal=len(both) - len({identity for identity, _ in other}),
        known=known,
        missing=tuple(sorted(agent.keys() - collector.keys())),
        surplus=tuple(sorted(collector.keys() - agent.keys())),
        other=tuple(other),
    )


def as_collected(span: SpanData) -> tuple[SpanData, tuple[Known, ...]]:
    """Return a span as a collector passes it on, and which changes that took."""
    changes = []
    for known in KNOWN:
        changed = known.change(span)
        if changed != span:
            changes.append(known)
        span = changed
    return span, tuple(changes)


def _differing(expected: SpanData, actual: SpanData) -> list[str]:
    names = SpanData.__dataclass_fields__
    return [name for name in names if getattr(expected, name) != getattr(actual, name)]


def _span(span: Mapping[str, Any], process: Mapping[str, Any]) -> SpanData:
    tags = [tag for tag in process["tags"] if tag["key"] != TOKEN_TAG]
    references = ((one["refType"], one["traceID"], one["spanID"]) for one in span["references"])
    return SpanData(
        id=(span["traceID"], span["spanID"]),
        operation=span["operationName"],
        service=process["serviceName"],
        start=span["startTime"],
        duration=span["duration"],
        flags=span["flags"],
        tags=_tags(span["tags"]),
        process=_tags(tags),
        logs=tuple((log["timestamp"], _tags(log["fields"])) for log in span["logs"]),
        references=tuple(sorted(references)),
    )


def _tags(tags: Sequence[Mapping[str, Any]]) -> tuple[Tag, ...]:
    """Return tags by key; those with one key stay in their order."""
    found = ((tag["key"], tag["type"], json.dumps(tag["value"])) for tag in tags)
    return tuple(sorted(found, key=lambda tag: tag[0]))


def _last_of_each(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    return tuple({tag[0]: tag for tag in tags}.values())


def _without(tags: tuple[Tag, ...], *keys: str) -> tuple[Tag, ...]:
    return tuple(tag for tag in tags if tag[0] not in keys)


def _with(tags: tuple[Tag, ...], *more: Tag) -> tuple[Tag, ...]:
    return tuple(sorted((*tags, *more), key=lambda tag: tag[0]))


def _text(tags: tuple[Tag, ...], key: str) -> str | None:
    """Return a tag's text: None without it, "" if it is of another type."""
    found = next((tag for tag in tags if tag[0] == key), None)
    if found is None:
        return None
    return str(json.loads(found[2])) if found[1] == "string" else ""


def _repeated(span: SpanData) -> SpanData:
    return replace(
        span,
        tags=_last_of_each(span.tags),
        process=_last_of_each(span.process),
        logs=tuple((time, _last_of_each(fields)) for time, fields in span.logs),
    )


def _debug(span: SpanData) -> SpanData:
    return replace(span, flags=span.flags & 1)


def _kind(span: SpanData) -> SpanData:
    kind = _text(span.tags, "span.kind")
    lost = kind is not None and kind not in _KINDS
    return replace(span, tags=_without(span.tags, "span.kind")) if lost else span


def _status_tag(span: SpanData) -> SpanData:
    code = _text(span.tags, "otel.status_code")
    if code is None:
        return span
    tags = _without(span.tags, "otel.status_code")
    if _TRUE in tags or code.upper() not in ("OK", "ERROR"):
        return replace(span, tags=tags)
    if code.upper() == "OK":
        return replace(span, tags=_with(tags, ("otel.status_code", "string", '"OK"')))
    return replace(span, tags=tags if _has(tags, "error") else _with(tags, _TRUE))


def _has(tags: tuple[Tag, ...], key: str) -> bool:
    return any(tag[0] == key for tag in tags)


def _http_error(span: SpanData) -> SpanData:
    decided = _has(span.tags, "error") or _has(span.tags, "otel.status_code")
    codes = [code for tag in span.tags if tag[0] in _HTTP_CODES for code in _number(tag)]
    fails = bool(codes) and _fails(codes[-1], _text(span.tags, "span.kind"))
    return replace(span, tags=_with(span.tags, _TRUE)) if fails and not decided else span


def _number(tag: Tag) -> list[int]:
    try:
        return [int(json.loads(tag[2]))] if tag[1] in ("int64", "string") else []
    except ValueError:
        return []


def _fails(code: int, kind: str | None) -> bool:
    return not 100 <= code < (500 if kind == "server" else 400)


def _http_name(span: SpanData) -> SpanData:
    name, old = _HTTP_CODES
    tags = (((name if tag[0] == old else tag[0]), *tag[1:]) for tag in span.tags)
    renamed = tuple(sorted(tags, key=lambda tag: tag[0]))
    return replace(span, tags=_last_of_each(renamed)) if _has(span.tags, old) else span


def _event(span: SpanData) -> SpanData:
    def kept(fields: tuple[Tag, ...]) -> tuple[Tag, ...]:
        return fields if _text(fields, "event") != "" else _without(fields, "event")

    return replace(span, logs=tuple((time, kept(fields)) for time, fields in span.logs))


def _host(span: SpanData) -> SpanData:
    if _has(span.process, "hostname"):
        return span
    renamed = (("hostname" if tag[0] == "host.name" else tag[0], *tag[1:]) for tag in span.process)
    return replace(span, process=tuple(sorted(renamed, key=lambda tag: tag[0])))


def _references(span: SpanData) -> SpanData:
    follows = {one[1:] for one in span.references if one[0] == "FOLLOWS_FROM"}
    kept = (one for one in span.references if one[0] != "CHILD_OF" or one[1:] not in follows)
    return replace(span, references=tuple(kept))


HTTP_NAME = Known(
    "http-code-name",
    "`http.status_code` becomes `http.response.status_code`, unless the collector runs with"
    " `--feature-gates=-pkg.translator.jaeger.EmitV1HttpConventions,"
    "-pkg.translator.jaeger.DontEmitV0HttpConventions`.",
    _http_name,
)
KNOWN = (
    Known("repeated-key", "Of several tags with one key, only the last arrives.", _repeated),
    Known("debug-flag", "The debug flag is lost; the sampled flag stays.", _debug),
    Known("unknown-kind", "A `span.kind` other than OpenTelemetry's five is lost.", _kind),
    Known(
        "status-tag", "`otel.status_code` becomes the status: `ERROR` is `error=true`.", _status_tag
    ),
    Known(
        "http-error",
        "Without an `error` tag, an HTTP code from 500, or from 400 unless the span is a server's,"
        " adds `error=true`.",
        _http_error,
    ),
    HTTP_NAME,
    Known(
        "event-not-text", "The field `event` of a log is lost if it is empty or no text.", _event
    ),
    Known("host-name", "The process tag `host.name` arrives as `hostname`.", _host),
    Known(
        "two-references",
        "Of `CHILD_OF` and `FOLLOWS_FROM` to one span, `FOLLOWS_FROM` arrives.",
        _references,
    ),
)
"""In the order in which they are applied."""
