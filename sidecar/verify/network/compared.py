"""What came through agents beside what came through collectors, read in the stand-in's network.

`python -m sidecar.verify.network.compared [--seconds S] [--since TIME]` prints a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sidecar.rules.canaries import Compared
from sidecar.rules.parity import compare, read_spans
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import GATEWAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sidecar.rules.parity import Comparison, SpanData, SpanId

    Spans = Mapping[SpanId, SpanData]

TRACES = 500
"""The newest ones of each service are compared."""
_AT_ONCE = 50
"""Traces in one request: their ids are in its address."""
_POLL_SECONDS = 0.5
HOST_TAG = "hostname"
"""A tag of each process, which clients set."""
_SDK = "telemetry.sdk.name"
"""A tag of each process that an OpenTelemetry SDK is in."""


@dataclass(frozen=True)
class Canary:
    """What the newest traces show."""

    services: Mapping[str, Compared]
    known: Mapping[str, int]
    """Change that a collector is known to make → spans."""
    by_otlp: int
    """Spans that services sent by OTLP, which no agent takes."""

    @property
    def ok(self) -> bool:
        """Whether both delivered the same, which is not nothing."""
        found = self.services.values()
        return bool(found) and all(one.equal and not one.counts for one in found)


def of_spans(agent: Spans, collector: Spans, hosts: Collection[str] = ()) -> Canary:
    """Compare the spans of both, by service; where `hosts` are given, without those of others."""
    agent, collector = _on(hosts, agent), _on(hosts, collector)
    own = {key for key in collector.keys() - agent.keys() if _is_otlp(collector[key])}
    both = {key: span for key, span in collector.items() if key not in own}
    found = compare(agent, both)
    names = sorted({span.service for span in (*agent.values(), *both.values())})
    services = {name: _of_service(name, found, agent, both) for name in names}
    return Canary(services, found.known, len(own))


def _on(hosts: Collection[str], spans: Spans) -> Spans:
    """Return the spans of these hosts, and those that name none."""
    if not hosts:
        return spans
    return {key: span for key, span in spans.items() if _hosts(span) <= {*hosts}}


def _hosts(span: SpanData) -> set[str]:
    return {str(json.loads(tag[-1])) for tag in span.process if tag[0] == HOST_TAG}


def _is_otlp(span: SpanData) -> bool:
    return any(tag[0] == _SDK for tag in span.process)


def _of_service(name: str, found: Comparison, agent: Spans, collector: Spans) -> Compared:
    def named(ids: Iterable[SpanId], spans: Spans) -> list[str]:
        return ["/".join(each) for each in ids if spans[each].service == name]

    changed = [(each, field) for each, field in found.other if agent[each].service == name]
    shared = [each for each in agent.keys() & collector.keys() if agent[each].service == name]
    return Compared(
        equal=len(shared) - len({each for each, _ in changed}),
        missing=named(found.missing, agent),
        surplus=named(found.surplus, collector),
        changed=[f"{'/'.join(each)} {field}" for each, field in changed],
    )


def read(url: str, seconds: float, since: float = 0.0, hosts: Collection[str] = ()) -> Canary:
    """Compare the newest traces, once both are equal, or after `seconds`.

    Traces that began before the Unix time `since` are left out, and spans of other `hosts` than
    those that are given. Raises OSError where the stand-in does not answer.
    """
    deadline = time.monotonic() + seconds
    ids = _newest(url, since)
    while not (found := _compared(url, ids, hosts)).ok and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        ids = ids or _newest(url, since)
    return found


def _newest(url: str, since: float) -> list[str]:
    """Return the newest traces of each service."""
    begins: dict[str, int] = {}
    for name in _get(f"{url}/api/services"):
        query = urlencode({"service": name, "limit": TRACES})
        for trace in _get(f"{url}/api/traces?{query}"):
            begins[trace["traceID"]] = min(span["startTime"] for span in trace["spans"])
    return [trace for trace, start in begins.items() if start >= since * 1e6]


def _compared(url: str, ids: Sequence[str], hosts: Collection[str]) -> Canary:
    agent, collector = (_spans(url, ids, via) for via in ("jaeger", "otlp"))
    return of_spans(agent, collector, hosts)


def _spans(url: str, ids: Sequence[str], via: str) -> Spans:
    found: dict[SpanId, SpanData] = {}
    for start in range(0, len(ids), _AT_ONCE):
        chosen = [("traceID", each) for each in ids[start : start + _AT_ONCE]]
        query = urlencode([*chosen, ("via", via)])
        found.update(read_spans(_get(f"{url}/api/traces?{query}")))
    return found


def _get(url: str) -> list[Any]:
    found: list[Any] = json.loads(fetch(url, 30.0))["data"]
    return found


def as_line(found: Canary) -> str:
    """Return it as one line of JSON."""
    return json.dumps(asdict(found))


def from_dict(data: Mapping[str, Any]) -> Canary:
    """Return what `main` printed."""
    services = {name: Compared(**one) for name, one in data["services"].items()}
    return Canary(services, data["known"], data["by_otlp"])


def main(arguments: list[str] | None = None) -> int:
    """Print it; 1 with the cause on standard error where the stand-in does not answer."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.verify.network.compared")
    parser.add_argument("--url", default=GATEWAY)
    parser.add_argument("--seconds", type=float, default=0, help="how long to wait for equality")
    parser.add_argument("--since", type=float, default=0, help="leave earlier traces out")
    parser.add_argument("--host", action="append", default=[], help="leave other hosts' spans out")
    args = parser.parse_args(arguments)
    try:
        print(as_line(read(args.url, args.seconds, args.since, args.host)))
    except (OSError, ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
