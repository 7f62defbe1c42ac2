"""What the stand-in shows of the services' own spans, read from inside its network.

`python -m sidecar.verify.network.seen [--trace ID …] [--seconds S]` prints it as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import GATEWAY, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Seen:
    """Counts by the host name of the reporting process: a container's or pod's."""

    own: Mapping[str, int] = field(default_factory=dict)
    """"SERVICE HOST" → own spans since the stand-in's start."""
    traces: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Trace id → "SERVICE HOST" → spans."""

    def own_of(self, hostname: str) -> int:
        """Return how many own spans a host has reported."""
        return _of(self.own, hostname)

    def traced_of(self, hostname: str) -> int:
        """Return how many spans of the traces a host has reported."""
        return sum(_of(trace, hostname) for trace in self.traces.values())


def by_service(counts: Mapping[str, int]) -> dict[str, int]:
    """Return service → spans of all its hosts, of counts by "SERVICE HOST"."""
    found: Counter[str] = Counter()
    for key, count in counts.items():
        found[key.rpartition(" ")[0]] += count
    return dict(found)


def together(found: Iterable[Seen]) -> Seen:
    """Return what several stand-ins show, as if one had received it."""
    own: Counter[str] = Counter()
    traces: dict[str, Counter[str]] = {}
    for one in found:
        own.update(one.own)
        for trace_id, counts in one.traces.items():
            traces.setdefault(trace_id, Counter()).update(counts)
    return Seen(own, traces)


def _of(counts: Mapping[str, int], hostname: str) -> int:
    return sum(count for key, count in counts.items() if key.rpartition(" ")[2] == hostname)


def from_dict(data: Mapping[str, Any]) -> Seen:
    """Return what `main` printed."""
    return Seen(data["own"], data["traces"])


def read(url: str, trace_ids: Sequence[str], seconds: float) -> Seen:
    """Return what a stand-in shows, once all traces have arrived, or after `seconds`.

    Raises OSError where it does not answer.
    """
    traces = wait_for(
        lambda: {trace_id: _trace(url, trace_id) for trace_id in trace_ids},
        lambda found: all(found.values()),
        seconds,
    )
    return Seen(_own(url), traces)


def _own(url: str) -> dict[str, int]:
    reporters = json.loads(fetch(f"{url}/api/reporters"))["reporters"]
    return {_key(one["service"], one["hostname"]): one["spans"] for one in reporters}


def _trace(url: str, trace_id: str) -> dict[str, int]:
    try:
        found = json.loads(fetch(f"{url}/api/traces/{trace_id}"))["data"][0]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {}
        raise
    names = {name: _process_key(process) for name, process in found["processes"].items()}
    return dict(Counter(names[span["processID"]] for span in found["spans"]))


def _process_key(process: Mapping[str, Any]) -> str:
    tags = {tag["key"]: tag["value"] for tag in process["tags"]}
    return _key(process["serviceName"], str(tags.get("hostname", "")))


def _key(service: str, hostname: str) -> str:
    return f"{service} {hostname}"


def main(arguments: list[str] | None = None) -> int:
    """Print it; 1 with the cause on standard error where the stand-in does not answer."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.verify.network.seen")
    parser.add_argument("--url", default=GATEWAY)
    parser.add_argument("--trace", action="append", default=[], metavar="ID")
    parser.add_argument("--seconds", type=float, default=0, help="how long to wait for the traces")
    args = parser.parse_args(arguments)
    try:
        seen = read(args.url, args.trace, args.seconds)
    except (OSError, ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"own": seen.own, "traces": seen.traces}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
