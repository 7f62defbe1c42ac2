"""Rows, bars and the critical path of a trace, and how the pages write times."""

import time

import pytest
from gateway_spans import START

from sidecar.stand_in.show.model import Process, Reference, Span, Trace
from sidecar.stand_in.show.timeline import bar, critical_path, rows
from sidecar.stand_in.show.words import ago_text, duration_text, iso_text, time_text


def make_span(identity, parent=None, start=0, duration=10, kind="CHILD_OF"):
    """Return a span of trace "t"."""
    references = (Reference(kind, "t", parent),) if parent else ()
    return Span(
        "t", identity, identity, references, 1, start, duration, (), (), Process("s", ()), ()
    )


def test_rows_follow_parents_and_start():
    """Children follow their parent by start time; a span whose parent is absent is a root."""
    spans = (
        make_span("a"),
        make_span("b", "a", 1),
        make_span("x", "absent", 2),
        make_span("c", "b", 3),
    )
    spans += (make_span("d", "a", 4),)

    assert [("a", 0), ("b", 1), ("c", 2), ("d", 1), ("x", 0)] == [
        (row.span.span_id, row.depth) for row in rows(Trace("t", spans))
    ]


def test_rows_survive_circles_depth_and_shared_ids():
    """Every span appears exactly once, even with circles, 10,000 levels or shared IDs."""
    circle = (make_span("a", "b"), make_span("b", "a"), make_span("self", "self"))
    deep = tuple(
        make_span(str(level), str(level - 1) if level else None) for level in range(10_000)
    )
    shared = (make_span("a"), make_span("a"), make_span("b", "a"))

    for spans in (circle, deep, shared):
        assert {id(span) for span in spans} == {id(row.span) for row in rows(Trace("t", spans))}
        assert len(spans) == len(rows(Trace("t", spans)))


def test_the_root_is_the_first_span_without_a_parent():
    """The root is the first span without a parent, or the first span if all have parents."""
    assert "b" == Trace("t", (make_span("a", "b"), make_span("b"))).root.span_id
    assert "a" == Trace("t", (make_span("a", "b"), make_span("b", "a"))).root.span_id


@pytest.mark.parametrize(
    ("start", "duration", "expected"),
    [(0, 100, (0, 1000)), (50, 25, (500, 250)), (100, 0, (996, 4)), (30, 0, (300, 4))],
)
def test_a_bar_stays_inside_and_visible(start, duration, expected):
    """Offset and width are thousandths of the trace; the width is at least 4."""
    assert expected == bar(start, duration, 0, 100)


def test_a_trace_without_duration_has_bars():
    """A trace with a duration of 0 still has a bar."""
    assert (0, 4) == bar(5, 0, 5, 0)


def path(*spans):
    """Return the critical path: span ID → its sections."""
    lines = rows(Trace("t", spans))
    return {lines[number].span.span_id: found for number, found in critical_path(lines).items()}


def test_the_critical_path_follows_who_ends_last():
    """Of parallel children, the one that ends last is on the path; gaps are the parent's own."""
    expected = {"a": [(90, 100), (0, 10)], "late": [(20, 90)], "inner": [(10, 20)]}
    found = path(
        make_span("a", duration=100),
        make_span("inner", "a", 10, 10),
        make_span("early", "a", 15, 45),
        make_span("late", "a", 20, 70),
    )

    assert expected == found


def test_the_critical_path_goes_down_the_tree():
    """A child's children take their time from it, and sequential ones are all on the path."""
    expected = {"a": [], "b": [(40, 100), (0, 10)], "c": [(10, 20)], "d": [(20, 40)]}
    found = path(
        make_span("a", duration=100),
        make_span("b", "a", 0, 100),
        make_span("c", "b", 10, 10),
        make_span("d", "b", 20, 20),
    )

    assert expected == found


def test_what_nobody_waits_for_is_not_on_the_critical_path():
    """Children that follow from their parent, start after its end, or run on after it."""
    expected = {"a": [(0, 50)], "runs on": [(50, 100)]}
    found = path(
        make_span("a", duration=100),
        make_span("follows", "a", 10, 80, kind="FOLLOWS_FROM"),
        make_span("runs on", "a", 50, 500),
        make_span("after", "a", 200, 100),
    )

    assert expected == found


def test_a_deep_trace_has_a_critical_path():
    """10,000 levels are followed without recursion."""
    deep = [
        make_span(str(level), str(level - 1) if level else None, level, 20_000 - 2 * level)
        for level in range(10_000)
    ]

    assert 10_000 == len(path(*deep))


def test_the_critical_path_covers_the_root_exactly():
    """Its sections do not overlap, and add up to the duration of the root."""
    spans = [make_span("0", duration=1000)]
    spans += [
        make_span(str(number), str(number // 3), number * 7 % 500, number * 13 % 500 + 1)
        for number in range(1, 200)
    ]
    sections = sorted(section for found in path(*spans).values() for section in found)

    assert 1000 == sum(end - begin for begin, end in sections)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 µs"), (999, "999 µs"), (12_345, "12.3 ms"), (4_560_000, "4.56 s")]
)
def test_durations_have_a_fitting_unit(value, text):
    """A duration is shown in µs below a millisecond, then in ms, then in s."""
    assert text == duration_text(value)


def test_a_time_beyond_the_calendar_is_shown_as_a_number():
    """A time after the last date of the calendar is shown in µs."""
    assert "2023-11-14 22:13:20" == time_text(START)
    assert f"{2**62} µs" == time_text(2**62)


def test_a_time_for_machines_is_left_out_beyond_the_calendar():
    """HTML's attribute datetime has the time in ISO 8601, or nothing."""
    assert "2023-11-14T22:13:20Z" == iso_text(START)
    assert "" == iso_text(2**62)


@pytest.mark.parametrize(
    ("passed", "text"),
    [(0, "now"), (59, "59 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")],
)
def test_how_long_ago_has_one_unit(passed, text):
    """A time that passed is a whole number of the largest unit that fits."""
    assert text == ago_text(time.time() - passed)
