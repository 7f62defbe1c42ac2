"""jaeger-client's tracer with a bounded close, counts, and IDs that a fork does not repeat."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import jaeger_client
from jaeger_client import SpanContext
from jaeger_client.constants import DEBUG_FLAG, SAMPLED_FLAG
from jaeger_client.metrics import LegacyMetricsFactory, Metrics, MetricsFactory
from jaeger_client.reporter import NullReporter
from jaeger_client.span import Span as JaegerSpan
from opentracing import InvalidCarrierException, UnsupportedFormatException
from opentracing.ext.tags import SPAN_KIND, SPAN_KIND_RPC_SERVER

from sidecar_tracing import stats_socket
from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.ledger import NO_STATS
from sidecar_tracing.propagation import Composite, Refusals, is_sound
from sidecar_tracing.reporter import Reporter
from sidecar_tracing.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar_tracing.ledger import Stats

_ID_BITS = 64
_MOST_ID = 2**_ID_BITS - 1


class DisabledReporter(NullReporter):  # type: ignore[misc] # jaeger-client has no types
    """Reports nothing, because JAEGER_DISABLED says so."""

    def close(self) -> Closing:
        """Return a future that has ended."""
        closing = Closing()
        closing.set_result(CloseReport.from_stats(NO_STATS))
        return closing


class Tracer(jaeger_client.Tracer):  # type: ignore[misc] # jaeger-client publishes no types here
    """A jaeger-client tracer; its additions need the kit's reporter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.random = ForkAwareRandom()
        self.created_at = time.time()
        self._refusals = Refusals(self.metrics_factory)
        self._has_metrics = not _counts_nothing(self.metrics_factory)
        self._ledger = self.reporter.ledger if isinstance(self.reporter, Reporter) else None
        if self._ledger is not None:
            stats_socket.track(self)

    def start_span(  # noqa: PLR0913, PLR0917 - opentracing's
        self,
        operation_name: str | None = None,
        child_of: Any = None,
        references: Any = None,
        tags: dict[str, Any] | None = None,
        start_time: float | None = None,
        ignore_active_span: bool = False,
    ) -> Span:
        """Start a span: of `child_of`, of the first reference, or of the active span."""
        parent = child_of or (None if ignore_active_span else self.active_span)
        if isinstance(parent, JaegerSpan):
            parent = parent.context
        links = _with_context(references) if references else None
        if links and (parent is None or not parent.has_trace):
            parent = links[0].referenced_context
        is_server = bool(tags and tags.get(SPAN_KIND) == SPAN_KIND_RPC_SERVER)
        if parent is not None and parent.has_trace:
            context = self._child(parent, self.one_span_per_rpc and is_server)
        else:
            context, added = self._root(parent, operation_name or "")
            if added:
                tags = tags or {}
                for key, value in added.items():  # into the service's own, as jaeger-client does
                    tags[key] = value
        span = Span(context, self, operation_name or "", tags, start_time, links)
        self._count_start(span, is_server)
        return span

    def _root(self, parent: Any, operation_name: str) -> tuple[SpanContext, Mapping[str, Any]]:
        """Return the context of a new trace, and what its sampler adds to the tags."""
        bits = self.random.getrandbits(self.max_trace_id_bits + _ID_BITS)
        trace_id, span_id = bits >> _ID_BITS, bits & _MOST_ID
        if parent is None:
            sampled, tags = self.sampler.is_sampled(trace_id, operation_name)
            flags = SAMPLED_FLAG if sampled else 0
            return SpanContext(trace_id, span_id, None, flags), tags if sampled else {}
        flags, tags, baggage = 0, {}, dict(parent.baggage)
        if parent.debug_id and self.is_debug_allowed(operation_name):
            flags, tags = SAMPLED_FLAG | DEBUG_FLAG, {self.debug_id_header: parent.debug_id}
        return SpanContext(trace_id, span_id, None, flags, baggage), tags

    def _child(self, parent: Any, shares_span: bool) -> SpanContext:
        baggage = dict(parent.baggage) if parent.baggage else None
        if shares_span:
            span_id, parent_id = parent.span_id, parent.parent_id
        else:
            span_id, parent_id = self.random.getrandbits(_ID_BITS), parent.span_id
        return SpanContext(parent.trace_id, span_id, parent_id, parent.flags, baggage)

    def _count_start(self, span: Span, is_server: bool) -> None:
        if self._ledger is not None:
            stats_socket.ensure()
            if span.is_sampled():
                self._ledger.start()
            else:
                self._ledger.sample_out()
        if self._has_metrics:
            self._emit_span_metrics(span=span, join=is_server)

    def report_span(self, span: Any) -> None:
        """Hand a finished span to the reporter."""
        self.reporter.report_span(span)
        if self._has_metrics:
            self.metrics.spans_finished(1)

    @overload
    def close(self) -> Closing: ...

    @overload
    def close(self, timeout: float) -> CloseReport: ...

    def close(self, timeout: float | None = None) -> Closing | CloseReport:
        """Send the queued spans, and accept no more.

        With a timeout in seconds: wait that long at most, and return a CloseReport, which is true
        if every span was sent. Without one: return a future of that report at once, as
        jaeger-client does.
        """
        stats_socket.forget(self)
        self.sampler.close()
        if timeout is not None and isinstance(self.reporter, DisabledReporter):
            return CloseReport.from_stats(NO_STATS)
        if timeout is None or not isinstance(self.reporter, Reporter):
            closing: Closing = self.reporter.close()
            return closing
        return self.reporter.close_and_wait(timeout)

    def flush(self, timeout: float = 5.0) -> bool:
        """Send the finished spans, within `timeout` seconds; false if some of them are left.

        For what may stop at any time without an end: AWS Lambda between two calls, a frozen
        container. The tracer goes on. With a reporter that has no queue, there is nothing to do.
        """
        return not isinstance(self.reporter, Reporter) or self.reporter.flush(timeout)

    def extract(self, format: str, carrier: Any) -> Any:  # noqa: A002 - opentracing's name
        """Return the caller's span as the headers name it, or None.

        Malformed headers are ignored and counted, where jaeger-client raises.
        """
        codec, refuse = self.codecs.get(format), self._refusals.add
        try:
            if isinstance(codec, Composite):
                return codec.read(carrier, refuse, self._decide)
            context = super().extract(format, carrier)
            if is_sound(context):
                return context
        except (InvalidCarrierException, UnsupportedFormatException):
            raise
        except Exception:  # noqa: BLE001 - whatever a stranger writes there
            context = None
        refuse()
        return None

    def _decide(self, trace_id: int) -> bool:
        return bool(self.sampler.is_sampled(trace_id)[0])

    def stats(self) -> Stats:
        """Return how many spans of this process were started, sent and dropped.

        Raises TypeError if the tracer was created with a reporter that does not count.
        """
        if isinstance(self.reporter, DisabledReporter):
            return NO_STATS
        if not isinstance(self.reporter, Reporter):
            raise TypeError(
                f"{type(self.reporter).__name__} does not count spans; create the tracer by Config"
            )
        return replace(self.reporter.stats(), ignored_headers=self.ignored_headers)

    @property
    def ignored_headers(self) -> int:
        """How many trace headers of requests to this process were not valid."""
        return self._refusals.total


class ForkAwareRandom(random.Random):
    """Random bits seeded per process, even after a fork that Python does not see (uWSGI)."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = os.getpid()

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits."""
        if os.getpid() != self._pid:
            self.seed()
            self._pid = os.getpid()
        return random.Random.getrandbits(self, k)


def _with_context(references: Any) -> list[Any]:
    listed = references if isinstance(references, list) else [references]
    return [one for one in listed if one.referenced_context is not None]


def _counts_nothing(factory: Any) -> bool:
    """Whether the service wants no metrics: the counters that jaeger-client makes by default."""
    if type(factory) is LegacyMetricsFactory:
        metrics = factory._metrics  # noqa: SLF001 - it has no other way to tell
        return type(metrics) is Metrics and metrics._count is None  # noqa: SLF001
    return type(factory) is MetricsFactory
