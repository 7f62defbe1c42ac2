"""What a collector may change in a span, and what is a difference."""

from dataclasses import replace
from pathlib import Path

from sidecar.rules.parity import KNOWN, compare, read_spans

TRACE = {
    "processes": {
        "p1": {
            "serviceName": "web",
            "tags": [{"key": "Authentication", "type": "string", "value": "***"}],
        }
    },
    "spans": [
        {
            "traceID": "1",
            "spanID": number,
            "operationName": "GET /",
            "processID": "p1",
            "references": [],
            "startTime": 1,
            "duration": 2,
            "flags": 1,
            "tags": [{"key": "http.status_code", "type": "int64", "value": 200}],
            "logs": [],
        }
        for number in ("2", "3")
    ],
}
SPANS = read_spans([TRACE])
FIRST, SECOND = SPANS


def renamed(span):
    """Return a span as a collector with its usual feature gates sends it."""
    return replace(span, tags=(("http.response.status_code", *span.tags[0][1:]),))


def test_the_tokens_tag_of_an_agent_is_no_difference():
    """The process tag that only an agent adds is not compared."""
    assert () == SPANS[FIRST].process


def test_a_known_change_is_counted_where_it_happened():
    """The name of the HTTP status may change or stay; only a change is counted."""
    both = compare(SPANS, {FIRST: renamed(SPANS[FIRST]), SECOND: SPANS[SECOND]})

    assert (2, {"http-code-name": 1}, True) == (both.equal, both.known, both.ok)


def test_other_differences_are_named():
    """A missing span, a surplus one, and each field that differs."""
    late = replace(renamed(SPANS[FIRST]), start=9, service="db")
    surplus = replace(SPANS[FIRST], id=("1", "4"))

    both = compare(SPANS, {FIRST: late, surplus.id: surplus})

    assert (((SECOND),), (surplus.id,), 0, False) == (
        both.missing,
        both.surplus,
        both.equal,
        both.ok,
    )
    assert ((FIRST, "service"), (FIRST, "start")) == both.other


def test_the_page_of_the_migration_lists_the_changes():
    """docs/migrate.md has a row for each known change, in the same words."""
    page = (Path(__file__).parents[3] / "docs" / "migrate.md").read_text()

    assert [] == [each.id for each in KNOWN if f"| `{each.id}` | {each.what} |" not in page]
