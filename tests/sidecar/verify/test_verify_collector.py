"""The counters of a collector in the agent's place, and the hops that follow from them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from sidecar.verify import hops
from sidecar.verify.counts import AgentCounts, ClientCounts, agent_counts_of
from sidecar.verify.network.reader import agent_counts, reaches_out

METRICS = Path(__file__).with_name("collector-0.165.0-metrics.txt").read_text()
"""Of a collector at `level: detailed`."""
TCP_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
LISTENS = "   0: 00000000:22B8 00000000:0000 0A 00000000:00000000 00:00000000\n"
"""Port 8888."""
SCRAPED = "   1: 030012AC:22B8 020012AC:9C40 01 00000000:00000000 00:00000000\n"
EXPORTS = "   2: 030012AC:A1B2 020012AC:1F9A 01 00000000:00000000 00:00000000\n"
ASKS = "   3: 030012AC:A1B2 020012AC:1F9A 02 00000000:00000000 01:00000000\n"
CLIENT = ClientCounts(started=200, sent=200, packets=4)


def test_a_collectors_metrics_become_counts_in_spans():
    """Accepted, refused and failed over all receivers; calls by how they ended; the queue."""
    counts = agent_counts(METRICS, [])
    expected = AgentCounts(
        packets_processed=247,
        packets_dropped=9,
        spans_submitted=204,
        spans_failed=3,
        connected=1,
        queue=40,
        batches_submitted=4,
        batches_failed=1,
        started=counts.started,
        unit="spans",
    )

    assert expected == counts
    assert abs(time.time() - 47.7 - counts.started) < 3


def test_the_start_of_a_collector_may_differ_by_a_second():
    """It tells its age with a fraction; a restart is later by more."""
    before = agent_counts(METRICS, [])

    assert not replace(before, started=before.started + 1).since(before).restarted
    assert replace(before, started=before.started + 2).since(before).restarted


def test_a_difference_keeps_the_unit():
    """It is no total."""
    before = agent_counts(METRICS, [])

    assert "spans" == before.since(before).unit
    assert "spans" == agent_counts_of({"unit": "spans", "queue": 1}).unit


def test_the_hop_into_a_collector_counts_spans():
    """An agent counts packets there."""
    counted = AgentCounts(packets_processed=200, unit="spans")

    hop = hops.received_hop("web", CLIENT, counted)

    assert (True, 200, 200, "spans") == (hop.ok, hop.figure, hop.expected, hop.unit)


def test_spans_that_a_collector_refused_are_lost():
    """UDP repeats nothing."""
    counted = AgentCounts(packets_processed=150, packets_dropped=50, unit="spans")

    hop = hops.received_hop("web", CLIENT, counted)

    assert (False, {"dropped by the agent": 50}) == (hop.ok, hop.counts)


def test_a_collector_is_connected_by_a_connection_that_it_opened():
    """Who reads its metrics opened one, too, but to a port where it listens."""
    assert not reaches_out([TCP_HEAD + LISTENS + SCRAPED])
    assert not reaches_out([TCP_HEAD + LISTENS + ASKS])
    assert reaches_out([TCP_HEAD + LISTENS, TCP_HEAD + EXPORTS])
