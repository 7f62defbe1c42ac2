"""jaeger-client's tracer with a bounded close, counts, and IDs that a fork does not repeat."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import jaeger_client
from jaeger_client.reporter import NullReporter
from opentracing import InvalidCarrierException, UnsupportedFormatException

from sidecar_tracing import stats_socket
from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.ledger import NO_STATS
from sidecar_tracing.propagation import Composite, Refusals, is_sound
from sidecar_tracing.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.ledger import Stats


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
        if isinstance(self.reporter, Reporter):
            ledger, counters = self.reporter.ledger, self.metrics
            counters.spans_started_sampled = _both(ledger.start, counters.spans_started_sampled)
            counters.spans_started_not_sampled = _both(
                ledger.sample_out, counters.spans_started_not_sampled
            )
            stats_socket.track(self)

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
        return super().getrandbits(k)


def _both(first: Callable[[int], None], second: Callable[[int], None]) -> Callable[[int], None]:
    def count(value: int) -> None:
        stats_socket.ensure()
        first(value)
        second(value)

    return count
