"""What the table shows of an outcome: a wrong id, a late verdict and a lost span are marked."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from faults.ledgers import Ledgers
from faults.model import Outcome, Spans
from faults.runner import named
from faults.table import page

RIGHT = Outcome(
    name="gateway-drop",
    what="a firewall drops packets",
    right=("gateway-unreachable", "gateway-silent"),
    ids=("gateway-silent", "spans-not-arrived"),
    text="orders, agent submitted: the gateway does not answer",
    seconds=4.2,
    spans=Spans(sent=1000, lost=30, counted=30),
    p99_ms=12.0,
    recovery=0.5,
    when="2026-11-26 03:00",
)


def row(outcome):
    """Return the row of an outcome in the page of a run that shows nothing else."""
    run = {
        "target": "compose",
        "machine": "a machine",
        "rate": 100,
        "healthy": [],
        "faults": [asdict(outcome)],
    }
    return next(line for line in page([run]).splitlines() if line.startswith("| gateway-drop"))


def test_a_fault_that_is_named_is_not_marked():
    """Its row has the id, seconds, spans, p99 and the time of recovery."""
    cells = "a firewall drops packets | `gateway-silent` | 4.2 | 1,000 | 30 | 0 | 12 ms | 0.5 s |"

    assert f"| gateway-drop | {cells}" == row(RIGHT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"ids": ("token-refused",)},
            "**✗** `token-refused`; right: `gateway-unreachable` or `gateway-silent`",
        ),
        ({"ids": ()}, "**✗** none: proven; right: `gateway-unreachable` or `gateway-silent`"),
        ({"seconds": 15.1, "load": 9.0}, "**✗** `gateway-silent`, late (load 9)"),
        ({"spans": Spans(1000, 30, 10)}, "**✗** 20"),
    ],
)
def test_what_is_wrong_is_marked(change, said):
    """Another id, no id, a late one, and spans that are lost and counted nowhere."""
    assert said in row(replace(RIGHT, **change))


def test_a_reason_why_spans_are_not_counted_stands_for_the_count():
    """The row shows how many, and the reason."""
    outcome = replace(RIGHT, spans=Spans(1000, 30, 10), uncounted="its counters ended")

    assert "| 20: its counters ended |" in row(outcome)


def test_a_complaint_about_a_healthy_deployment_is_wrong():
    """Where nothing is lost, verify has to be content."""
    healthy = replace(RIGHT, right=(), ids=())

    assert healthy.named
    assert not replace(healthy, ids=("agent-not-reached",)).named


def test_the_hops_of_the_broken_service_come_first():
    """The id is that of its first failing hop, not of another service's."""
    hops = [
        {"service": "stock", "hop": "agent received", "ok": False, "id": "other", "cause": "y"},
        {"service": "orders", "hop": "client sent", "ok": True, "id": "", "cause": ""},
        {"service": "orders", "hop": "agent received", "ok": False, "id": "first", "cause": "x"},
        {"service": "orders", "hop": "agent submitted", "ok": False, "id": "next", "cause": "z"},
    ]

    assert (("first", "next"), "orders, agent received: x") == named({"hops": hops}, "orders")


def test_what_was_written_before_the_mark_is_left_out(tmp_path):
    """Each fault has spans and latencies of its own."""
    sent, arrived = tmp_path / "one.sent", tmp_path / "gateway.arrived"
    sent.write_text("1.0 orders aa,bb\n")
    arrived.write_text("1.5 accepted orders aa\n")
    ledgers = Ledgers(tmp_path)
    ledgers.mark()
    with sent.open("a") as file:
        file.write("2.0 orders cc,dd\n3.0 ord")
    with arrived.open("a") as file:
        file.write("2.5 accepted orders cc\n2.6 refused orders dd\n")
    written = ledgers.read()

    assert {"cc": (2.0, "orders"), "dd": (2.0, "orders")} == written.sent
    assert {"cc": 2.5} == written.arrived
    assert {"dd"} == written.refused


def test_a_proof_that_warns_has_the_ids_of_its_warnings():
    """What was lost earlier was lost by the faults before."""
    warned = [
        {"id": "spans-lost-earlier", "subject": "orders", "cause": "x"},
        {"id": "gateway-answers-late", "subject": "orders", "cause": "a call takes 4 s"},
        {"id": "gateway-answers-late", "subject": "stock", "cause": "a call takes 5 s"},
    ]
    report = {"hops": [{"ok": True}], "warnings": warned}

    assert (("gateway-answers-late",), "orders: a call takes 4 s") == named(report, "orders")


def test_the_section_of_a_target_that_was_not_run_stays():
    """Its results may be on another machine."""
    run = {"machine": "a machine", "rate": 100, "healthy": [], "faults": [asdict(RIGHT)]}
    both = page([{**run, "target": "compose"}, {**run, "target": "kubernetes"}])

    assert both == page([{**run, "target": "kubernetes"}], both)
    assert both == page([{**run, "target": "compose"}], both)
    assert "## Under Compose, with collectors" not in both
