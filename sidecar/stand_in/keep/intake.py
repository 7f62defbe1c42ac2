"""What happens to each batch, whatever brought it: token, counts, markers, store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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
from sidecar.stand_in.keep.store import JAEGER, OTLP
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
    MISSING = "missing"
    WRONG = "wrong"
    MALFORMED = "malformed"

    def words(self, carrier: str) -> str:
        """Return why spans are refused; `carrier` is what should hold the token."""
        if self is Verdict.MALFORMED:
            return "not a batch of spans with ids of 16 and 8 bytes"
        wrong = "missing" if self is Verdict.MISSING else "not this gateway's token"
        return f"{carrier} is {wrong}"


@dataclass(frozen=True)
class _Batch:
    """A batch, its bytes and where it came from."""

    raw: bytes
    batch: Any
    sender: str
    via: str


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

    def presented(self, token: str | None) -> Presented:
        """Return whether a token that came beside its spans is the gateway's."""
        return self._token.judge(token)

    def concealed(self, request: Any) -> tuple[bytes, bool]:  # noqa: ANN401 - PostSpansRequest
        """Return a request's bytes without the token, and whether it was in them."""
        raw = request.SerializeToString()
        if not self._token.is_in(raw):
            return raw, False
        self._token.mask_batch(request.batch)
        return request.SerializeToString(), True

    def expose(self, batch: Any) -> None:  # noqa: ANN401 - a protobuf Batch
        """Count a batch that carried a token in a tag, which was taken out."""
        self.counters.otlp.exposed += 1
        self.events.note("batches with a token in a tag")
        self.markers.exposed(batch)

    def accept(
        self,
        raw: bytes,
        bad_token: str | None = None,
        sender: str = "",
        presented: Presented | None = None,
    ) -> Verdict:
        """Check and keep a serialized PostSpansRequest, as its bytes; `sender` is its address.

        With `bad_token`, the value of a BadToken, its token counts as wrong. `presented` is the
        token that came beside the spans; with None, the process of the batch carries it.
        """
        try:
            batch = PostSpansRequest.FromString(raw).batch
        except DecodeError:
            return self.malformed(sender)
        via = JAEGER if presented is None else OTLP
        if presented is None:
            presented = self._token.check(batch.process)
        answer = self._on_bad_token
        if bad_token:
            presented, answer = Presented.WRONG, BadToken(bad_token)
        verdict = self._accept(_Batch(raw, batch, sender, via), presented, answer)
        accepted = verdict is Verdict.ACCEPTED
        self.senders.note(sender, accepted, batch.process.service_name)
        return verdict

    def malformed(
        self,
        sender: str,
        via: str = JAEGER,
        batch: Any = None,  # noqa: ANN401
    ) -> Verdict:
        """Count what is no batch, or a batch with an id of a wrong length."""
        if batch is None:
            self.senders.note(sender, accepted=False)
        self.refusals.note(MALFORMED, sender, via, batch)
        self.counters.batches.refused += 1
        self.counters.spans.refused.malformed += 1
        self.events.note("batches refused, malformed")
        return Verdict.MALFORMED

    def _accept(self, given: _Batch, presented: Presented, answer: BadToken) -> Verdict:
        batch, marked = given.batch, NEEDLE in given.raw
        if presented is not Presented.RIGHT:
            self.refusals.note(presented.value, given.sender, given.via, batch)
            return self._turn_away(batch, presented, marked, answer)
        if not self._keep(given):
            return self.malformed(given.sender, given.via, batch)
        if marked:
            self.markers.accepted(batch)
        self.reporters.accepted(batch, marked=marked)
        return Verdict.ACCEPTED

    def _keep(self, given: _Batch) -> bool:
        batch = given.batch
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
        self.store.add(given.raw, spans, services, given.via)
        return True

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
