"""The one way in for spans, over gRPC and UDP alike: token, counts, markers, store."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from sidecar.stand_in.counters import Counters
from sidecar.stand_in.credentials import Presented
from sidecar.stand_in.events import Events
from sidecar.stand_in.markers import NEEDLE, Markers
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

if TYPE_CHECKING:
    from sidecar.stand_in.credentials import Token
    from sidecar.stand_in.store import TraceStore

TRACE_ID_LENGTH = 16
SPAN_ID_LENGTH = 8


class BadToken(str, Enum):
    """What a wrong or missing token meets; how the real gateway answers is not known."""

    REFUSE = "refuse"
    DROP = "drop"


class Verdict(Enum):
    """What became of a batch."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    MISSING = "the process tag Authentication is missing"
    WRONG = "the process tag Authentication is not this gateway's token"
    MALFORMED = "not a batch of spans with ids of 16 and 8 bytes"


class Intake:
    """Judges a batch and keeps what is right."""

    def __init__(self, token: Token, on_bad_token: BadToken, store: TraceStore) -> None:
        self._token = token
        self._on_bad_token = on_bad_token
        self.store = store
        self.markers = Markers()
        self.counters = Counters()
        self.events = Events()

    def accept(self, raw: bytes) -> Verdict:
        """Take a serialised PostSpansRequest; its bytes are what is kept."""
        try:
            batch = PostSpansRequest.FromString(raw).batch
        except DecodeError:
            return self._malformed()
        presented = self._token.check(batch.process)
        marked = NEEDLE in raw
        if presented is not Presented.RIGHT:
            return self._turn_away(batch, presented, marked)
        if not self._keep(raw, batch):
            return self._malformed()
        if marked:
            self.markers.accepted(batch)
        return Verdict.ACCEPTED

    def _keep(self, raw: bytes, batch: Any) -> bool:  # noqa: ANN401 - a protobuf Batch
        service = batch.process.service_name
        spans: Counter[bytes] = Counter()
        services: dict[bytes, set[str]] = {}
        for span in batch.spans:
            trace_id = span.trace_id
            if len(trace_id) != TRACE_ID_LENGTH or len(span.span_id) != SPAN_ID_LENGTH:
                return False
            spans[trace_id] += 1
            owner = span.process.service_name if span.HasField("process") else service
            services.setdefault(trace_id, set()).add(owner)
        self.counters.batches.accepted += 1
        self.counters.spans.accepted += len(batch.spans)
        self.store.add(raw, spans, services)
        return True

    def _malformed(self) -> Verdict:
        self.counters.batches.refused += 1
        self.counters.spans.refused.malformed += 1
        self.events.note("refused, malformed (batches)")
        return Verdict.MALFORMED

    def _turn_away(self, batch: Any, presented: Presented, marked: bool) -> Verdict:  # noqa: ANN401
        count = len(batch.spans)
        if self._on_bad_token is BadToken.DROP:
            self.counters.batches.dropped += 1
            self.counters.spans.dropped += count
            self.events.note(f"dropped silently, token {presented.value} (spans)", count)
            if marked:
                self.markers.dropped(batch)
            return Verdict.DROPPED
        refused = self.counters.spans.refused
        self.counters.batches.refused += 1
        setattr(refused, presented.value, getattr(refused, presented.value) + count)
        self.events.note(f"refused, token {presented.value} (spans)", count)
        if marked:
            self.markers.refused(batch)
        return Verdict.MISSING if presented is Presented.MISSING else Verdict.WRONG
