"""Who reports: the services' own spans, counted by service and host, without those of verify."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.rules.service_reports import ASKED
from sidecar.stand_in.keep.markers import TAG
from sidecar.stand_in.keep.refusals import hostname_of
from sidecar.stand_in.keep.senders import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REPORTERS = 1000
_ASKED = bytes.fromhex(ASKED)
_LOW_HALF = 8
"""Where a trace id of 64 bits begins in one of 128."""


@dataclass
class Reporter:
    """One service on one host: in Compose a container, in a cluster a pod."""

    service: str
    hostname: str
    spans: int = 0
    """Its own: neither marked nor of a request that verify sent with a trace id of its own."""
    asked: int = 0
    """Spans of such requests."""
    last_seen_at: float = 0.0
    """When its latest own span came, in Unix time; 0 where none has."""


class Reporters:
    """The latest reporters, since the start of the stand-in."""

    def __init__(self, most: int = MAX_REPORTERS) -> None:
        self._most = most
        self._found: OrderedDict[tuple[str, str], Reporter] = OrderedDict()

    def accepted(self, batch: Any, *, marked: bool) -> None:  # noqa: ANN401 - a protobuf Batch
        """Count the spans of an accepted batch; `marked` where some of them are."""
        common: Reporter | None = None
        now = time.time()
        for span in batch.spans:
            if marked and any(tag.key == TAG for tag in span.tags):
                continue
            if span.HasField("process"):
                reporter = self._reporter(span.process)
            else:
                reporter = common = common or self._reporter(batch.process)
            if span.trace_id.startswith(_ASKED, _LOW_HALF):
                reporter.asked += 1
            else:
                reporter.spans += 1
                reporter.last_seen_at = now

    def __iter__(self) -> Iterator[Reporter]:
        return iter(sorted(self._found.values(), key=lambda one: (one.service, one.hostname)))

    def _reporter(self, process: Any) -> Reporter:  # noqa: ANN401 - a protobuf Process
        key = bounded(process.service_name), bounded(hostname_of(process))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Reporter(*key)
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        self._found.move_to_end(key)
        return found
