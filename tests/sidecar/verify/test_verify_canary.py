"""The hop of a canary: what both delivered is equal, or which span is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.rules.parity import SpanData
from sidecar.verify.canary import added
from sidecar.verify.hops import Proof
from sidecar.verify.network.compared import of_spans

TAGS = (("key", "string", '"value"'), ("number", "int64", "1"))
TIME, LOG = 1_700_000_000_000_000, (1_700_000_000_000_001, TAGS)


def span(number: int, **changes: object) -> SpanData:
    identity = ("1", f"{number}")
    made = SpanData(identity, "GET", "web", TIME, 5, 1, TAGS, (), (LOG,), (("CHILD_OF", "1", "1"),))
    return replace(made, **changes)


def spans(*several: SpanData) -> dict[tuple[str, str], SpanData]:
    return {each.id: each for each in several}


AGENT = spans(span(1), span(2), span(3))


def proof(collector: dict[tuple[str, str], SpanData]) -> Proof:
    return added(Proof("marker", ()), ["web"], of_spans(AGENT, collector))


def test_equal_spans_are_ok() -> None:
    """The hop counts them, and says nothing more."""
    found = proof(AGENT)
    (hop,) = found.hops

    assert (True, 3, 3, {}, ()) == (found.ok, hop.figure, hop.expected, hop.counts, found.notes)


@pytest.mark.parametrize(
    ("collector", "rule", "cause", "counts"),
    [
        (
            spans(span(1), span(3)),
            "canary-spans-missing",
            "1 span of 3 came through the agent only: 1/2",
            {"missing": 1},
        ),
        (
            spans(span(1), span(2), span(3), span(4)),
            "canary-spans-surplus",
            "1 span of 4 came through the collector only: 1/4",
            {"surplus": 1},
        ),
        *(
            (
                spans(span(1), span(2, **{name: value}), span(3)),
                "canary-spans-differ",
                f"1 span of 3 differ: 1/2 {name}",
                {"changed": 1},
            )
            for name, value in {
                "tags": TAGS[:1],
                "process": TAGS,
                "start": TIME + 1,
                "duration": 6,
                "flags": 0,
                "logs": (),
                "references": (),
                "operation": "POST",
            }.items()
        ),
    ],
)
def test_what_is_not_equal_fails_with_its_spans(collector, rule, cause, counts) -> None:
    """Id, subject, place, cause and fix; each field of a span is compared."""
    found = proof(collector)
    (hop,) = found.hops

    assert ("web", "canary agrees", rule, cause) == (hop.service, hop.hop, hop.id, hop.cause)
    assert (False, False, counts, True) == (found.ok, hop.ok, hop.counts, bool(hop.fix))


def test_no_span_is_no_proof() -> None:
    """A service of which neither delivered anything is not equal."""
    found = added(Proof("marker", ()), ["web", "db"], of_spans(AGENT, AGENT))

    assert ["", "canary-compared-nothing"] == [hop.id for hop in found.hops]


def test_known_changes_and_otlp_are_notes() -> None:
    """What a collector is known to change fails nothing, and neither does what no agent takes."""
    otlp = span(9, process=(("telemetry.sdk.name", "string", '"opentelemetry"'),))
    agent = {**AGENT, ("1", "1"): span(1, flags=3)}
    collector = {**AGENT, ("1", "1"): span(1), otlp.id: otlp}
    found = added(Proof("marker", ()), ["web"], of_spans(agent, collector))

    assert (True, 3) == (found.ok, found.hops[0].figure)
    assert (
        "changes that a collector is known to make, docs/migrate.md: debug-flag (1)",
        "1 spans came by OTLP, which an agent does not take",
    ) == found.notes


def test_spans_of_other_hosts_are_left_out() -> None:
    """Of pods before the canary, only agents had spans; those that name no host stay."""

    def on(host: str, number: int) -> SpanData:
        return span(number, process=(("hostname", "string", f'"{host}"'),))

    agent = spans(span(1), on("web-1", 2), on("web-0", 3))
    collector = spans(span(1), on("web-1", 2))
    found, every = (
        added(Proof("marker", ()), ["web"], of_spans(agent, collector, hosts)).hops[0]
        for hosts in (["web-1"], [])
    )

    assert (True, 2, 2) == (found.ok, found.figure, found.expected)
    assert "canary-spans-missing" == every.id
