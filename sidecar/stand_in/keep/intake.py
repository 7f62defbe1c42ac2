"""What happens to each batch, from gRPC and UDP alike: token, counts, markers, store."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from sidecar.stand_in.event_log import EventLog
from sidecar.stand_in.keep.counters import Counters
from sidecar.stand_in.keep.credentials import Presented
from sidecar.stand_in.keep.markers import NEEDLE, Markers
from sidecar.stand_in.keep.refusals import MALFORMED, Refusals
from sidecar.stand_in.keep.reporters import Reporters
from sidecar.stand_in.keep.senders import Senders
from sidecar.stand_in.stubs.collector_pb2 import PostSpansRequest

if TYPE_CHECKING:
    from sidecar.stand_in.keep.credentials import Token
    from sidecar.stand_in.keep.store import TraceStore

TRACE_ID_LENGTH = 16
SPAN_ID_LENGTH = 8


class BadToken(str, Enum):
    """How a wrong or missing token is answered; how a region's gateway does it is not known."""

    REFUSE = "refuse"
    DROP = "drop"


class Verdict(Enum):
    """The outcome of a batch."""

    ACCEPTED = "accepted"
    DROPPED = "dropped"
    MISSING = "the process tag Authentication is missing"
    WRONG = "the process tag Authentication is not this gateway's token"
    MALFORMED = "not a batch of spans with ids of 16 and 8 bytes"


class Intake:
    """Checks batches, and keeps those with the right token."""

    def __init__(self, token: Token, on_bad_token: BadToken, store: TraceStore) -> None:
        self._token = token
        self._on_bad_token = on_bad_token
        self.store = store
        self.markers = Markers()
        self.reporters = Reporters()
        self.counters = Counters()
        self.refusals = Refusals()
        self.senders = Senders()
        self.events = EventLog()

    def accept(self, raw: bytes, bad_token: str | None = None, sender: str = "") -> Verdict:
        """Check and keep a serialized PostSpansRequest, as its bytes; `sender` is its address.

        With `bad_token`, the value of a BadToken, its token counts as wrong.
        """
        try:
            batch = PostSpansRequest.FromString(raw).batch
        except DecodeError:
            self.senders.note(sender, accepted=False)
            return self._malformed(sender)
        verdict = self._accept(raw, batch, bad_token, sender)
        accepted = verdict is Verdict.ACCEPTED
        self.senders.note(sender, accepted, batch.process.service_name)
        return verdict

    def _accept(
        self,
        raw: bytes,
        batch: Any,  # noqa: ANN401
        bad_token: str | None,
        sender: str,
    ) -> Verdict:
        presented = self._token.check(batch.process)
        marked = NEEDLE in raw
        answer = self._on_bad_token
        if bad_token:
            presented, answer = Presented.WRONG, BadToken(bad_token)
        if presented is not Presented.RIGHT:
            self.refusals.note(presented.value, sender, batch)
            return self._turn_away(batch, presented, marked, answer)
        if not self._keep(raw, batch):
            return self._malformed(sender, batch)
        if marked:
            self.markers.accepted(batch)
        self.reporters.accepted(batch, marked=marked)
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

    def _malformed(self, sender: str, batch: Any = None) -> Verdict:  # noqa: ANN401
        self.refusals.note(MALFORMED, sender, batch)
        self.counters.batches.refused += 1
        self.counters.spans.refused.malformed += 1
        self.events.note("batches refused, malformed")
        return Verdict.MALFORMED

    def _turn_away(
        self,
        batch: Any,  # noqa: ANN401
        presented: Presented,
        marked: bool,
        answer: BadToken,
    ) -> Verdict:
        count = len(batch.spans)
        if answer is BadToken.DROP:
            self.counters.batches.dropped += 1
            self.counters.spans.dropped += count
            self.events.note(f"spans dropped silently, token {presented.value}", count)
            if marked:
                self.markers.dropped(batch)
            return Verdict.DROPPED
        refused = self.counters.spans.refused
        self.counters.batches.refused += 1
        setattr(refused, presented.value, getattr(refused, presented.value) + count)
        self.events.note(f"spans refused, token {presented.value}", count)
        if marked:
            self.markers.refused(batch)
        return Verdict.MISSING if presented is Presented.MISSING else Verdict.WRONG
