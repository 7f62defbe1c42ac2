"""The counters of a collector in the agent's place, and the hops that follow from them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from sidecar.agent_metrics import totals
from sidecar.rules import queue_files
from sidecar.rules.agent_logs import by_status, failing_since, logged
from sidecar.rules.exporters import Exporter
from sidecar.rules.kinds import COLLECTOR
from sidecar.rules.queues import Queue
from sidecar.verify import hops
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts, agent_counts_of
from sidecar.verify.network.reader import agent_counts, reaches_out
from sidecar.verify.report import as_text

METRICS = Path(__file__).with_name("collector-0.165.0-metrics.txt").read_text()
"""Of a collector at `level: detailed`."""
TCP_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
LISTENS = "   0: 00000000:22B8 00000000:0000 0A 00000000:00000000 00:00000000\n"
"""Port 8888."""
SCRAPED = "   1: 030012AC:22B8 020012AC:9C40 01 00000000:00000000 00:00000000\n"
EXPORTS = "   2: 030012AC:A1B2 020012AC:1F9A 01 00000000:00000000 00:00000000\n"
ASKS = "   3: 030012AC:A1B2 020012AC:1F9A 02 00000000:00000000 01:00000000\n"
CLIENT = ClientCounts(started=200, sent=200, packets=4)
AWAY = Exporter(
    answered=False, kind=COLLECTOR, cause=logged("code = Unavailable: connection refused")
)


def test_a_collectors_metrics_become_counts_in_spans():
    """Accepted, refused and failed over all receivers; calls by how they ended; the queue."""
    counts = agent_counts(METRICS, [])
    expected = AgentCounts(
        packets_processed=247,
        packets_dropped=9,
        not_queued=7,
        capacity=3_600_000,
        failed_by={"Unauthenticated": 3},
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

    assert (False, {"refused by the collector": 50}) == (hop.ok, hop.counts)
    assert ("collector received", "collector-refused-spans") == (hop.hop, hop.id)


def test_spans_that_do_not_fit_in_the_queue_are_lost_at_a_hop_of_their_own():
    """They came to the collector, which counts them as refused, too."""
    counted = AgentCounts(150, packets_dropped=50, not_queued=50, unit="spans")
    full = Queue(990, 800, 1000)

    received = hops.received_hop("web", CLIENT, counted)
    queued = hops.queued_hop("web", CLIENT, counted, full, AWAY)

    assert (True, 200, {}) == (received.ok, received.figure, received.counts)
    assert ("collector queued", False, {"not queued": 50}) == (queued.hop, queued.ok, queued.counts)
    assert "collector-queue-full" == queued.id
    assert "50 spans did not fit in the queue: the gateway refused the connection" == queued.cause


def test_spans_that_wait_are_neither_proven_nor_lost():
    """The hop says how many wait, since when, and why; the next hop repeats its state only."""
    counted = AgentCounts(200, queue=12_340, capacity=3_600_000, unit="spans")
    queue = Queue(12_340, 12_140, 3_600_000, oldest=41.2)

    sent = hops.submitted_hop("web", CLIENT, counted, AWAY, queue)
    accepted = hops.accepted_hop("web", CLIENT, GatewayCounts(0, 800, 0), before=[sent])

    assert ("collector sent", False, "waits", {}) == (sent.hop, sent.ok, sent.state, sent.counts)
    assert (
        "12,340 spans wait, the oldest for 41 s or longer, 200 more than before: the gateway"
        " refused the connection; none is lost while the queue has room (0.3% are used)"
    ) == sent.cause
    assert ["spans-wait-in-queue"] * 2 == [sent.id, accepted.id]
    assert (False, "waits") == (accepted.ok, accepted.state)


def test_a_queue_in_which_something_waits_is_not_shown_as_empty():
    """Two hundred spans of millions are a share, too."""
    counted = AgentCounts(200, queue=203, capacity=3_600_000, unit="spans")

    sent = hops.submitted_hop("web", CLIENT, counted, AWAY, Queue(203, 0, 3_600_000))

    assert "(less than 0.1% are used)" in sent.cause


def test_spans_that_a_gateway_refuses_for_good_are_lost_whatever_waits():
    """A collector drops them; its own counts name the reason where its log cannot be read."""
    counted = AgentCounts(
        200, spans_failed=150, queue=50, unit="spans", failed_by={"PermissionDenied": 150}
    )
    exporter = Exporter(kind=COLLECTOR, cause=by_status(counted.failed_by))

    sent = hops.submitted_hop("web", CLIENT, counted, exporter, Queue(50))
    accepted = hops.accepted_hop("web", CLIENT, GatewayCounts(0, 0, 0), before=[sent])

    assert ("token-refused", "", {"failed": 150}) == (sent.id, sent.state, sent.counts)
    assert ("lost-before-this-hop", "") == (accepted.id, accepted.state)


def test_what_waits_is_other_traffic_where_all_marked_spans_arrived():
    """A collector's totals include it."""
    counted = AgentCounts(200, queue=500, unit="spans")
    waits = hops.submitted_hop("web", CLIENT, counted, AWAY, Queue(500, 300))

    (sent,) = hops.by_marker([waits], CLIENT, GatewayCounts(200, 0, 200), unmarked=True)

    assert (True, "", "", "") == (sent.ok, sent.state, sent.id, sent.cause)


def test_a_report_shows_waiting_spans_as_a_state_of_their_own():
    """The verdict says "not yet"; its exit code is 1, for nothing is proven."""
    counted = AgentCounts(200, queue=200, unit="spans")
    sent = hops.submitted_hop("web", CLIENT, counted, AWAY, Queue(200))
    proof = hops.Proof("m", (sent,))

    table, _, verdict = as_text(proof, 140).partition("\n\n")

    assert table.endswith("collector sent  0 of 200 spans  WAITS")
    assert verdict.startswith("not proven yet: web, collector sent: 200 spans wait: ")
    assert (False, "waits") == (proof.ok, proof.as_dict()["hops"][0]["state"])


WARNED = "2026-11-26T13:26:18.700Z\twarn\tclientconn.go:1538\tconnection refused\n"
FIRST = (
    "2026-11-26T13:26:18.724Z\tinfo\tretry_sender.go:136\tExporting failed. Will retry the request"
    ' after interval.\t{"error": "rpc error: code = Unavailable desc = connection refused",'
    ' "interval": "734.000712ms"}\n'
)
AGAIN = FIRST.replace("13:26:18", "13:26:26").replace("734.000712ms", "4.328167501s")
DROPPED = (
    "2026-11-26T13:27:11.762Z\terror\tqueue_sender.go:57\tExporting failed. Dropping data.\t"
    '{"error": "not retryable error: code = Unauthenticated", "dropped_items": 200}\n'
    "google.golang.org/grpc/internal/transport.tls:certificate\n"
)


def test_a_collectors_log_tells_why_and_since_when_calls_fail():
    """A first attempt has the shortest pause; the frames of a stack tell nothing."""
    moment = datetime(2026, 11, 26, 13, 26, 18, 724_000, tzinfo=timezone.utc).timestamp()

    assert moment == failing_since(WARNED + FIRST + AGAIN, moment + 20)
    assert failing_since(WARNED + FIRST + AGAIN, moment + 60) is None
    assert failing_since(AGAIN + DROPPED, moment + 20) is None
    assert "gateway-connection-refused" == logged(FIRST + AGAIN).rule.id
    assert "token-refused" == logged(FIRST + DROPPED).rule.id
    assert logged(FIRST + DROPPED, moment + 3600) is None
    assert "gateway-connection-refused" == logged(FIRST, moment + 20).rule.id
    assert logged(DROPPED, moment + 60) is None


def test_a_collector_is_connected_by_a_connection_that_it_opened():
    """Who reads its metrics opened one, too, but to a port where it listens."""
    assert not reaches_out([TCP_HEAD + LISTENS + SCRAPED])
    assert not reaches_out([TCP_HEAD + LISTENS + ASKS])
    assert reaches_out([TCP_HEAD + LISTENS, TCP_HEAD + EXPORTS])


ROOM = "otelcol_process_uptime 9\notelcol_exporter_queue_capacity 1e+07\n"
LARGE = "otelcol_exporter_enqueue_size_bytes_sum 2e+06\notelcol_exporter_enqueue_size_sum 1000\n"
HELD = "otelcol_receiver_accepted_spans 1000\notelcol_exporter_sent_spans 400\n"


def test_a_queue_is_shown_in_spans_of_their_mean_size():
    """A collector counts bytes; what came since its start and was not sent waits at least."""
    waits = "otelcol_exporter_queue_size 600000\n"

    planned = totals(ROOM + waits)
    large = totals(ROOM + LARGE + waits)
    held = totals(ROOM + LARGE + HELD + waits)
    empty = totals(ROOM + LARGE + HELD + "otelcol_exporter_queue_size 0\n")

    assert (1200, 20_000) == (planned["queue"], planned["capacity"])
    assert (300, 5000) == (large["queue"], large["capacity"])
    assert (600, 0) == (held["queue"], empty["queue"])


REJECTED = (
    "2026-11-26T16:48:39.686Z\terror\tinternal/base_exporter.go:143\tExporting failed. Rejecting"
    ' data.\t{"error": "write /q/exporter_otlp_grpc__traces: no space left on device",'
    ' "rejected_items": 50}\n'
)
RESTARTED = (
    "2026-11-26T16:48:41.756Z\terror\tqueue/persistent_queue.go:493\tErrors occurred while moving"
    ' items for dispatching back to queue\t{"numberOfItems": 253, "errorCount": 6}\n'
    "2026-11-26T16:48:41.791Z\twarn\tqueue/persistent_queue.go:532\tFailed updating currently"
    ' dispatched items, trying to delete the item first\t{"error": "write'
    ' /q/exporter_otlp_grpc__traces: no space left on device"}\n'
)


def test_a_full_disk_is_the_cause_of_spans_that_were_not_written():
    """The counters alone tell that they were not; the log tells why."""
    counted = AgentCounts(150, packets_dropped=50, not_queued=50, unit="spans")
    exporter = Exporter(kind=COLLECTOR, disk=queue_files.written(REJECTED.splitlines()))

    hop = hops.queued_hop("web", CLIENT, counted, Queue(150, 0, 1000), exporter)

    assert (False, {"not queued": 50}, "collector-disk-full") == (hop.ok, hop.counts, hop.id)
    assert "50 spans could not be written into the queue: its disk is full" == hop.cause


def test_packets_that_a_start_could_not_put_back_are_named():
    """No counter has them: the log of that start does."""
    lost = queue_files.lost(RESTARTED)

    assert "7 packets that had waited may be lost: its disk is full" == lost.cause
    assert queue_files.lost(REJECTED + FIRST) is None


def test_spans_that_left_the_queue_without_a_call_are_no_green_verdict():
    """They came in, do not wait, and were neither sent nor given up."""
    counted = AgentCounts(200, spans_submitted=150, unit="spans")

    hop = hops.submitted_hop("web", CLIENT, counted, Exporter(kind=COLLECTOR), Queue(0))

    assert (False, "collector-lost-queued-spans") == (hop.ok, hop.id)
    assert "50 spans came into the queue, and left it without a call" == hop.cause
