"""What agents count between readings is added up, whatever restarts meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.verify.counts import AgentCounts
from sidecar.watch.agents import MISSING, AgentState
from sidecar.watch.ledger import Ledger
from sidecar.watch.report import as_text

BEGAN = 1000.0
EARLIER = AgentCounts(packets_processed=100, spans_submitted=5000, spans_failed=4700)
AGENT = AgentState("web", "web-agent-1", "running", "first", started=500.0, counts=EARLIER)


@pytest.fixture
def ledger():
    """A ledger with a budget of 1%, which has seen an agent with earlier losses."""
    made = Ledger(0.01, BEGAN)
    made.add([AGENT], BEGAN)
    return made


def counting(agent=AGENT, **totals):
    """Return an agent that has counted on to these totals."""
    return replace(agent, counts=replace(agent.counts, **totals))


def found(ledger, now=BEGAN + 60):
    """Return what breaks the watch, as (id, hop)."""
    return [(finding.id, finding.place) for finding in ledger.breaches(now)]


def test_what_was_lost_before_the_watch_does_not_count(ledger):
    """4,700 failures stand in the agent's counter; none is new."""
    changes = ledger.add([counting(spans_submitted=5200)], BEGAN + 60)

    assert [(200, 0)] == [
        (change.counted.spans_submitted, change.counted.spans_failed) for change in changes
    ]
    assert [] == found(ledger)


def test_nothing_counted_is_no_change(ledger):
    """A line for each change, and none without."""
    assert [] == ledger.add([AGENT], BEGAN + 60)


@pytest.mark.parametrize(
    ("lost", "hop"),
    [
        ({"spans_failed": 4711}, "agent submitted"),
        ({"packets_dropped": 2}, "agent received"),
        ({"kernel_drops": 2}, "agent received"),
        ({"read_errors": 2}, "agent received"),
        ({"handler_errors": 2}, "agent received"),
    ],
)
def test_a_breach_names_the_hop_that_lost(ledger, lost, hop):
    """More than 1% of 1,000 spans in 100 packets."""
    ledger.add([counting(packets_processed=200, spans_submitted=6000, **lost)], BEGAN + 60)

    assert [("loss-budget-exceeded", hop)] == found(ledger)


def test_the_budget_itself_may_be_lost(ledger):
    """10 of 1,000 spans are 1%."""
    ledger.add([counting(spans_submitted=5990, spans_failed=4710)], BEGAN + 60)

    assert [] == found(ledger)


def test_the_budget_of_0_forgives_nothing():
    """One span of a million."""
    ledger = Ledger(0, BEGAN)
    ledger.add([AGENT], BEGAN)
    ledger.add([counting(spans_submitted=1_005_000, spans_failed=4701)], BEGAN + 60)

    assert [("loss-budget-exceeded", "agent submitted")] == found(ledger)


@pytest.mark.parametrize(
    "again",
    [
        replace(AGENT, restarts=1),
        replace(AGENT, identity="second"),
        replace(AGENT, started=BEGAN + 30),
    ],
)
def test_losses_survive_a_restart_of_the_agent(ledger, again):
    """It counts from 0, perhaps already beyond its earlier totals: what it lost before stays."""
    ledger.add([counting(spans_submitted=5100, spans_failed=4740)], BEGAN + 20)
    new = replace(again, counts=AgentCounts(spans_submitted=6000, spans_failed=5000))
    (change,) = ledger.add([new], BEGAN + 60)

    totals = ledger.totals()["web"]
    assert "was restarted" == change.text
    assert (6100, 5040) == (totals.spans_submitted, totals.spans_failed)


def test_a_restart_names_the_packets_that_were_in_its_queue(ledger):
    """They are lost, and no counter has them."""
    ledger.add([counting(queue=12)], BEGAN + 20)
    (change,) = ledger.add([replace(AGENT, restarts=1, counts=AgentCounts())], BEGAN + 60)

    assert "was restarted, with 12 packets in its queue" == change.text


def at(started, **totals):
    """Return the agent as it says that it started then, of itself and in its counters."""
    counts = replace(EARLIER, started=int(started), **totals)
    return replace(AGENT, started=started, counts=counts)


def test_a_corrected_clock_is_no_restart():
    """It moves the time of a start, which the kernel derives from the clock, by some seconds."""
    ledger = Ledger(0.01, BEGAN)
    ledger.add([at(500.0)], BEGAN)
    changes = ledger.add([at(503.0, spans_submitted=5200)], BEGAN + 60)

    totals = ledger.totals()["web"]
    assert [""] == [change.text for change in changes]
    assert (200, 0) == (totals.spans_submitted, totals.spans_failed)


def test_an_agent_that_does_not_answer_for_a_moment_was_not_restarted():
    """The network names it; when it started is not known then."""
    ledger = Ledger(0.01, BEGAN)
    silent = replace(AGENT, started=0.0, counts=None, cause="timed out")
    texts = [
        change.text
        for step, agent in enumerate((at(500.0), silent, at(500.0), at(500.0)))
        for change in ledger.add([agent], BEGAN + step)
    ]

    assert ["cannot be read: timed out", "can be read again"] == texts


def test_a_restart_between_two_answers_is_known():
    """The start that was known before is compared."""
    ledger = Ledger(0.01, BEGAN)
    silent = replace(AGENT, started=0.0, counts=None, cause="timed out")
    for step, agent in enumerate((at(500.0), silent)):
        ledger.add([agent], BEGAN + step)
    (change,) = ledger.add([at(BEGAN + 2)], BEGAN + 5)

    assert ("was restarted", 5000) == (change.text, change.counted.spans_submitted)


def test_a_name_that_is_not_found_for_a_moment_makes_nothing_count_again():
    """The agent started during the watch; its losses were counted once."""
    ledger = Ledger(0.01, BEGAN)
    agent = at(BEGAN + 10)
    nobody = AgentState("web", "web-agent", "not found: try again")
    for step, found_then in enumerate((agent, nobody, agent)):
        ledger.add([found_then], BEGAN + 20 + step)

    totals = ledger.totals()["web"]
    assert (5000, 4700) == (totals.spans_submitted, totals.spans_failed)


def test_what_counts_while_it_cannot_be_read_is_added_later(ledger):
    """The difference is to its last reading, not from 0."""
    ledger.add([replace(AGENT, counts=None, cause="timed out")], BEGAN + 20)
    changes = ledger.add([counting(spans_submitted=5300)], BEGAN + 25)

    assert ["can be read again"] == [change.text for change in changes]
    assert 300 == ledger.totals()["web"].spans_submitted


def test_an_agent_that_started_later_counts_from_its_start(ledger):
    """One that ran before and is only seen now does not."""
    new = replace(counting(), name="web-agent-2", started=BEGAN + 10)
    old = replace(counting(), service="api", name="api-agent-1")
    ledger.add([AGENT, new, old], BEGAN + 60)

    assert (4700, 0) == (
        ledger.totals()["web"].spans_failed,
        ledger.totals()["api"].spans_failed,
    )


def test_losses_older_than_the_window_are_forgiven(ledger):
    """The budget is a share of an hour."""
    ledger.add([counting(spans_failed=5000)], BEGAN + 60)
    ledger.add([counting(spans_failed=5000, spans_submitted=6000)], BEGAN + 3661)

    assert [] == found(ledger, BEGAN + 3661)


def test_packets_without_spans_are_found_in_the_second_interval(ledger):
    """In the first, a packet may only just have arrived."""
    ledger.add([counting(packets_processed=101)], BEGAN + 10)
    first = found(ledger)
    ledger.add([counting(packets_processed=140)], BEGAN + 20)

    assert [] == first
    assert [("agent-submits-nothing", "agent submitted")] == found(ledger)


def test_an_idle_agent_is_not_silent(ledger):
    """No packets, no spans; and a packet whose spans come with the next reading."""
    for totals in (
        {},
        {},
        {"packets_processed": 101},
        {"packets_processed": 101, "spans_submitted": 5050},
    ):
        ledger.add([counting(**totals)], BEGAN + 10)

        assert [] == found(ledger)


def test_a_queue_that_does_not_empty_is_found(ledger):
    """Three readings; a busy agent's queue shrinks now and then."""
    for step, queue in enumerate((10, 4, 5, 5)):
        totals = {"queue": queue, "spans_submitted": 5000 + step}
        ledger.add([counting(**totals)], BEGAN + step)

        assert ([("agent-queue-stuck", "agent submitted")] if step == 3 else []) == found(ledger)


COLLECTOR = replace(AGENT, counts=AgentCounts(5000, spans_submitted=5000, unit="spans"))


@pytest.mark.parametrize(
    ("readings", "stuck"),
    [
        pytest.param([(0, 0), (900, 0), (1800, 0), (2700, 0)], True, id="the gateway is away"),
        pytest.param([(900, 0), (900, 10), (950, 20)], True, id="hardly anything leaves"),
        pytest.param([(90, 0), (120, 900), (130, 1800)], False, id="what waits is new each time"),
        pytest.param([(9000, 0), (6000, 3000), (3000, 6000)], False, id="the queue empties"),
    ],
)
def test_spans_that_wait_in_a_collector_break_the_watch_if_they_stay(readings, stuck):
    """Its queue is a place to wait, so that neither silence nor a full reading is a breach."""
    ledger = Ledger(0.01, BEGAN)
    ledger.add([COLLECTOR], BEGAN - 10)
    for step, (queue, sent) in enumerate(readings):
        totals = {"queue": queue, "packets_processed": 5000 + 900 * step}
        ledger.add([counting(COLLECTOR, spans_submitted=5000 + sent, **totals)], BEGAN + step)

    assert ([("spans-wait-in-queue", "collector sent")] if stuck else []) == found(ledger)


def test_a_collectors_losses_are_counted_in_spans_at_its_own_hops(ledger):
    """What did not fit in its queue was dropped at its port."""
    ledger = Ledger(0.01, BEGAN)
    ledger.add([COLLECTOR], BEGAN)
    lost = {"packets_dropped": 100, "not_queued": 100, "spans_failed": 200}
    (change,) = ledger.add([counting(COLLECTOR, **lost)], BEGAN + 60)

    assert [
        ("loss-budget-exceeded", "collector received"),
        ("loss-budget-exceeded", "collector sent"),
    ] == found(ledger)
    assert "200 failed, 100 spans not queued" == as_text(change).partition("web-agent-1: ")[2]


def test_an_agent_may_be_down_for_a_moment(ledger):
    """A restart is no breach; half a minute is."""
    down = replace(AGENT, state="restarting", counts=None)
    (change,) = ledger.add([down], BEGAN + 10)

    assert "is restarting" == change.text
    assert [] == found(ledger, BEGAN + 39)
    assert [("agent-stopped", "agent received")] == found(ledger, BEGAN + 40)
    ledger.add([AGENT], BEGAN + 41)
    assert [] == found(ledger, BEGAN + 90)


def test_an_agent_that_runs_and_cannot_be_read_is_found(ledger):
    """As a paused one."""
    ledger.add([replace(AGENT, counts=None, cause="timed out")], BEGAN + 10)

    assert [("agent-unreadable", "agent received")] == found(ledger, BEGAN + 40)


def test_a_replica_that_is_gone_keeps_its_counts(ledger):
    """A rollout replaces pods; the service's losses stay."""
    ledger.add([counting(spans_failed=4705)], BEGAN + 10)
    second = replace(AGENT, name="web-agent-2", counts=AgentCounts(spans_submitted=10))
    changes = ledger.add([replace(second, started=BEGAN + 15)], BEGAN + 20)

    assert ["is gone", ""] == [change.text for change in changes]
    assert [("loss-budget-exceeded", "agent submitted")] == found(ledger)


def test_a_service_without_an_agent_breaks_the_watch_as_in_the_proof(ledger):
    """After the time that a new container or pod may take, under the ids of `sidecar verify`."""
    bare = AgentState("api", "demo-api-1", "without an agent")
    gone = AgentState("job", MISSING, "without a pod")
    ledger.add([AGENT, bare, gone], BEGAN)

    assert [] == found(ledger, BEGAN + 29)
    assert ["missing-part", "service-missing"] == [rule for rule, _ in found(ledger, BEGAN + 30)]
