"""Spans are jaeger-client's: the same steps with both tracers give the same spans and metrics."""

from __future__ import annotations

import enum
import sys
from collections import Counter
from decimal import Decimal
from functools import partial

import jaeger_client
import opentracing
from fuzzing import cases
from hypothesis import given
from hypothesis import strategies as st
from jaeger_client import ConstSampler, ProbabilisticSampler, SpanContext
from jaeger_client.metrics import Metrics
from jaeger_client.reporter import InMemoryReporter
from jaeger_client.thrift import make_jaeger_batch
from opentracing.scope_managers import ThreadLocalScopeManager
from sidecar_tracing import Tracer
from sidecar_tracing.encoding import _encodable

KINDS = {"kit": Tracer, "stock": jaeger_client.Tracer}
LIMIT = 20


class Color(enum.IntEnum):
    RED = 7


class Text(str):
    __slots__ = ()


class Unprintable:
    def __str__(self):
        raise RuntimeError("no text")


def traceback():
    try:
        return int("x")
    except ValueError:
        return sys.exc_info()[2]


ODD = (
    None,
    b"bytes",
    Color.RED,
    Text("text"),
    Decimal("1.5"),
    [1, "a"],
    Unprintable(),
    traceback(),
)
VALUES = st.one_of(
    st.text(max_size=2 * LIMIT),
    st.integers(-(2**70), 2**70),
    st.booleans(),
    st.floats(allow_nan=False),
    st.sampled_from(["x" * LIMIT, "x" * (LIMIT + 1)]),
    st.sampled_from(ODD),
)
KINDS_OF_SPANS = st.sampled_from(["server", "client", "producer", 3])
PRIORITIES = st.sampled_from([0, 1, "1", "x", 0.5, True, None])
KEYS = st.one_of(st.text(max_size=5), st.sampled_from(["error", 5, None, Text("key")]))
FIELDS = st.dictionaries(KEYS, VALUES, max_size=5)
TAGS = st.builds(
    lambda fields, kind, priority: {
        **fields,
        **({"span.kind": kind} if kind else {}),
        **({"sampling.priority": priority} if priority is not None else {}),
    },
    FIELDS,
    st.none() | KINDS_OF_SPANS,
    st.sampled_from([None, None, None, 0, 1, "x"]),
)
TIMES = st.floats(1e9, 2e9)
NUMBERS = st.integers(0, 3)
REMOTE = st.builds(
    SpanContext,
    trace_id=st.sampled_from([None, 1, 2**63, 2**127 + 5]),
    span_id=st.sampled_from([1, 2**64 - 1]),
    parent_id=st.sampled_from([None, 0, 9]),
    flags=st.sampled_from([0, 1, 3]),
    baggage=st.none() | st.just({"user": "1"}),
    debug_id=st.sampled_from([None, None, "please"]),
)
PARENTS = st.one_of(st.none(), NUMBERS, REMOTE)
"""None, the number of an earlier span, a context from elsewhere."""
STARTS = st.tuples(
    st.just("start"),
    st.sampled_from(["GET", "", None]),
    PARENTS,
    st.lists(st.tuples(st.booleans(), PARENTS), max_size=2),
    st.none() | TAGS,
    TIMES,
    st.booleans(),
    st.booleans(),
)
STEPS = st.one_of(
    STARTS,
    st.tuples(st.just("set_tag"), NUMBERS, st.tuples(KEYS, VALUES)),
    st.tuples(st.just("set_tag"), NUMBERS, st.tuples(st.just("sampling.priority"), PRIORITIES)),
    st.tuples(st.just("log_kv"), NUMBERS, st.tuples(FIELDS, TIMES)),
    st.tuples(
        st.just("set_baggage_item"), NUMBERS, st.tuples(st.just("user"), st.text(max_size=3))
    ),
    st.tuples(st.just("set_baggage_item"), NUMBERS, st.tuples(st.just("user"), st.none())),
    st.tuples(st.just("set_operation_name"), NUMBERS, st.tuples(st.sampled_from(["PUT", b"x", 5]))),
    st.tuples(st.just("finish"), NUMBERS, st.tuples(TIMES)),
    st.tuples(st.just("close"), NUMBERS, st.just(())),
)
SETTINGS = st.fixed_dictionaries(
    {
        "one_span_per_rpc": st.booleans(),
        "generate_128bit_trace_id": st.booleans(),
        "sampler": st.sampled_from(
            [ConstSampler(True), ConstSampler(True), ConstSampler(False), ProbabilisticSampler(1.0)]
        ),
        "is_throttled": st.sampled_from([None, False, True]),
    }
)


class Throttler:
    """Allows all debug spans, or none."""

    def __init__(self, is_throttled):
        self.is_allowed = lambda *_: not is_throttled
        self.set_client_id = lambda _: None


class World:
    """A tracer, the spans that it has started, and what happened."""

    def __init__(self, kind, is_throttled, **settings):
        self.counts = Counter()
        self.reporter = InMemoryReporter()
        self.tracer = KINDS[kind](
            "test",
            self.reporter,
            metrics=Metrics(count=lambda key, value: self.counts.update({key: value})),
            throttler=None if is_throttled is None else Throttler(is_throttled),
            max_tag_value_length=LIMIT,
            scope_manager=ThreadLocalScopeManager(),
            **settings,
        )
        self.spans, self.scopes, self.outcomes = [], [], []
        self._names = {}

    def run(self, steps):
        """Take the steps; an error is an outcome, too."""
        for name, *arguments in steps:
            try:
                step = self._start if name == "start" else partial(self._do, name)
                self.outcomes.append(step(*arguments))
            except Exception as error:  # noqa: BLE001, PERF203 - which one is compared
                self.outcomes.append(type(error).__name__)
        for scope in reversed(self.scopes):
            scope.close()

    def _start(self, operation, parent, references, *options):
        tags, start_time, ignore, is_active = options
        span = self.tracer.start_span(
            operation,
            child_of=self._parent(parent),
            references=[self._reference(*one) for one in references],
            tags=dict(tags) if tags is not None else None,
            start_time=start_time,
            ignore_active_span=ignore,
        )
        self.spans.append(span)
        if is_active:
            self.scopes.append(self.tracer.scope_manager.activate(span, False))
        return span.is_sampled(), span.is_debug()

    def _parent(self, parent):
        if isinstance(parent, int):
            return self.spans[parent % len(self.spans)] if self.spans else None
        return parent

    def _reference(self, follows, parent):
        parent = self._parent(parent)
        kind = opentracing.follows_from if follows else opentracing.child_of
        return kind(parent if parent is None or isinstance(parent, SpanContext) else parent.context)

    def _do(self, name, number, arguments):
        if not self.spans:
            return None
        if name == "close":
            return self.scopes.pop().close() if self.scopes else None
        span = self.spans[number % len(self.spans)]
        return getattr(span, name)(*arguments) is span

    def seen(self):
        """Return all that shows of the spans, with numbers for ids."""
        active = self.tracer.active_span
        return {
            "outcomes": self.outcomes,
            "counts": self.counts,
            "active": active and self._named(active.span_id),
            "reported": [self._named(span.span_id) for span in self.reporter.get_spans()],
            "spans": [self._span(span) for span in self.spans],
        }

    def _span(self, span):
        ids = (span.trace_id, span.trace_id >> 64, span.span_id, span.parent_id)
        return {
            "context": [self._named(one) for one in ids],
            "flags": (span.flags, span.is_sampled(), span.is_debug(), span.finished),
            "rpc": (span.is_rpc(), span.is_rpc_client()),
            "baggage": (span.context.baggage, span.get_baggage_item("user")),
            "name": span.operation_name,
            "tags": [repr(tag) for tag in span.tags],
            "logs": [repr(log.fields) for log in span.logs],
            "ended": span.end_time,
            "references": span.references and len(span.references),
        }

    def _named(self, number):
        number = number and number & (2**64 - 1)  # Thrift's numbers have a sign
        return self._names.setdefault(number, len(self._names)) if number else number

    def sent(self, form):
        """Return the Thrift form of the reported spans, with numbers for ids."""
        return [self._thrift(form(span)) for span in self.reporter.get_spans()]

    def _thrift(self, span):
        for name in ("traceIdLow", "traceIdHigh", "spanId", "parentSpanId"):
            setattr(span, name, self._named(getattr(span, name)))
        for log in span.logs:  # jaeger-client logs baggage now
            log.timestamp = 0 if repr(log.fields[:1]).count("baggage") else log.timestamp
        for one in span.references or []:
            ids = (one.traceIdLow, one.traceIdHigh, one.spanId)
            one.traceIdLow, one.traceIdHigh, one.spanId = map(self._named, ids)
        return repr(span)


def of_stock(span):
    return make_jaeger_batch([span], process=None).spans[0]


@cases(0.4)
@given(settings=SETTINGS, steps=st.lists(STEPS, min_size=1, max_size=12), starts=STARTS)
def test_the_same_steps_give_the_same_spans(turn, settings, steps, starts):
    """What is sent, what shows of each span, what is counted, and what raises."""
    kit, stock = World("kit", **settings), World("stock", **settings)
    for world in (kit, stock):
        world.run([starts, *steps])

    assert stock.sent(of_stock) == kit.sent(_encodable)
    assert stock.seen() == kit.seen()
    assert stock.sent(of_stock) == kit.sent(of_stock)
