"""Strategies for jaeger-client's Thrift structs: what a service can put into a span, and worse."""

from __future__ import annotations

from hypothesis import strategies as st
from jaeger_client.thrift_gen.jaeger.ttypes import Log, Span, SpanRef, SpanRefType, Tag, TagType

LONGS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-300, 300))
INTS = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
DOUBLES = st.floats()
TAGS = st.one_of(
    st.builds(Tag, key=TEXTS, vType=st.just(TagType.STRING), vStr=TEXTS),
    st.builds(Tag, key=TEXTS, vType=st.just(TagType.DOUBLE), vDouble=DOUBLES),
    st.builds(Tag, key=TEXTS, vType=st.just(TagType.BOOL), vBool=st.booleans()),
    st.builds(Tag, key=TEXTS, vType=st.just(TagType.LONG), vLong=LONGS),
)


def spans(tags=TAGS, longs=LONGS, ints=INTS, texts=TEXTS, times=LONGS):
    """Return spans with up to 20 tags, three logs and two references."""
    kinds = st.sampled_from([SpanRefType.CHILD_OF, SpanRefType.FOLLOWS_FROM])
    references = st.builds(
        SpanRef, refType=kinds, traceIdLow=longs, traceIdHigh=longs, spanId=longs
    )
    logs = st.builds(Log, timestamp=times, fields=st.lists(tags, max_size=5))
    return st.builds(
        Span,
        traceIdLow=longs,
        traceIdHigh=longs,
        spanId=longs,
        parentSpanId=longs,
        operationName=texts,
        references=st.none() | st.lists(references, max_size=2),
        flags=ints,
        startTime=times,
        duration=times,
        tags=st.lists(tags, max_size=20),
        logs=st.lists(logs, max_size=3),
    )


def odd_spans():
    """Return spans that Thrift may refuse: numbers out of range, lone surrogates, other types."""
    longs = st.one_of(LONGS, st.integers(-(2**70), 2**70), st.none())
    texts = st.one_of(st.text(max_size=5), st.none(), st.integers(), st.just(bytearray(b"x")))
    odd = st.one_of(st.none(), st.booleans(), longs, DOUBLES, texts, st.just([1]))
    names = ("key", "vType", "vStr", "vDouble", "vBool", "vLong", "vBinary")
    tags = st.one_of(TAGS, st.builds(Tag, **dict.fromkeys(names, odd)), st.none())
    return spans(tags, longs, st.one_of(INTS, st.integers(-(2**40), 2**40)), texts, longs)
