"""The ledger: every span of a fault arrives, or is counted once."""

from __future__ import annotations

from sidecar.rehearsal.ledger import Ledger, Segment, came, ledger
from sidecar.rehearsal.stage import Sent
from sidecar.rules.kinds import SPANS
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts


def sent(started=200, packets=4, **dropped):
    """Return the counts of one client."""
    client = ClientCounts(started, started - sum(dropped.values()), dropped, packets)
    return Sent("web", "m", client)


def test_each_place_of_a_loss_has_its_number():
    """Client, kernel, agent and gateway; packets count as the spans that they hold."""
    counts = AgentCounts(
        packets_processed=10, packets_dropped=2, kernel_drops=1, spans_failed=30, handler_errors=1
    )
    found = ledger(
        [sent(220, queue_full=20), *[sent()] * 2],
        [Segment(counts)],
        [GatewayCounts(320, 0, 310, dropped=5)],
    )

    assert (
        Ledger(
            sent=620,
            arrived=310,
            repeated=10,
            lost={
                "client queue_full": 20,
                "kernel dropped": 50,
                "agent dropped": 100,
                "agent not decoded": 50,
                "agent failed": 30,
                "gateway dropped": 5,
            },
        )
        == found
    )
    assert (265 - 210, 0) == (found.unaccounted, found.surplus)


def test_an_agent_that_was_killed_loses_what_it_held():
    """Received and not settled: only a segment that ended so counts it."""
    counts = AgentCounts(packets_processed=4, spans_submitted=50)

    assert {"agent killed with them": 150} == ledger([sent()], [Segment(counts, True)], []).lost
    assert {} == ledger([sent()], [Segment(counts)], []).lost


def test_a_collector_counts_spans_and_keeps_what_it_holds():
    """Its kernel counts packets all the same; a kill costs nothing, for its queue is on disk."""
    counts = AgentCounts(
        unit=SPANS,
        packets_processed=120,
        packets_dropped=30,
        kernel_drops=1,
        spans_submitted=20,
        spans_failed=0,
    )
    found = ledger([sent()], [Segment(counts, ended=True)], [GatewayCounts(120, 0, 120)])

    assert {"kernel dropped": 50, "agent dropped": 30} == found.lost
    assert (0, 0) == (found.unaccounted, found.unseen)
    assert 200 == came(counts, 50)


def test_spans_that_reached_no_collector_are_unseen():
    """As packets that reached no agent."""
    found = ledger([sent()], [Segment(AgentCounts(unit=SPANS, packets_processed=150))], [])

    assert 50 == found.unseen


def test_lost_packets_of_unequal_size_are_not_exact():
    """The mean serves where packets differ, and the ledger says so."""
    dropped = [Segment(AgentCounts(packets_dropped=1))]

    assert not ledger([sent(), sent(30, 1)], dropped, []).exact
    assert ledger([sent(), sent(30, 1)], [Segment(AgentCounts())], []).exact


def test_losses_beyond_what_is_missing_are_a_surplus():
    """A span that failed and arrived all the same, or one without a mark, is not missing."""
    counts = AgentCounts(packets_processed=5, spans_failed=60)
    found = ledger([sent()], [Segment(counts)], [GatewayCounts(190, 0, 190)])

    assert (0, 50) == (found.unaccounted, found.surplus)


def test_no_agent_counts_a_drop_of_the_gateway_once():
    """Without an agent, the stand-in's own port has counted it as failed."""
    counts = AgentCounts(packets_processed=4, spans_failed=200, forwards=False)
    found = ledger([sent()], [Segment(counts)], [GatewayCounts(0, 0, 0, dropped=200)])

    assert {"agent failed": 200} == found.lost
