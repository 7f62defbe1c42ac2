"""Relays between collectors and gateway: what waits in them is neither proven nor lost."""

from __future__ import annotations

import json
from dataclasses import replace

from sidecar.rules.exporters import Exporter
from sidecar.rules.kinds import RELAY
from sidecar.rules.queues import Queue
from sidecar.verify import hops
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.look import Look, as_line, from_text
from sidecar.verify.network.relays import together

CLIENT = ClientCounts(started=200, sent=200, packets=4)
SENT = AgentCounts(packets_processed=200, spans_submitted=200, unit="spans")
FIRST = AgentCounts(
    packets_processed=120,
    queue=120,
    capacity=1000,
    started=50,
    connected=1,
    unit="spans",
    at=9.0,
)
SECOND = replace(FIRST, packets_processed=80, queue=0, spans_submitted=80, started=70)
SILENT = Exporter(answered=False, stalled=5.0, kind=RELAY)


def test_several_relays_count_as_one() -> None:
    """Sums; the start is the latest one, so that a restart of any is seen."""
    counted = together([FIRST, SECOND])

    expected = AgentCounts(
        packets_processed=200,
        queue=120,
        capacity=2000,
        spans_submitted=80,
        started=70,
        connected=1,
        unit="spans",
    )
    assert expected == counted


def test_what_waits_in_a_relay_is_not_proven_and_not_lost() -> None:
    """Also at the gateway, although the collector before it has sent all."""
    relay = together([FIRST, SECOND])
    sent = hops.submitted_hop("web", CLIENT, SENT, Exporter(), Queue(0))

    hop = hops.relayed_hop("web", CLIENT, relay, SILENT, Queue(120, 0, 2000, 5.0))
    arrived = GatewayCounts(accepted=80, refused=0, distinct=80)
    last = hops.accepted_hop("web", CLIENT, arrived, before=(sent, hop))

    assert (True, False, False) == (sent.ok, hop.ok, last.ok)
    assert ("relay sent", 80, 200) == (hop.hop, hop.figure, hop.expected)
    assert ("waits", "waits") == (hop.state, last.state)
    words = "in the relays, 120 spans wait, the oldest for 5 s or longer: "
    assert hop.cause.startswith(words)


def test_what_a_relay_has_sent_is_proven() -> None:
    """Without a cause."""
    hop = hops.relayed_hop("web", CLIENT, SENT, SILENT, Queue(0))

    assert (True, 200, "", "") == (hop.ok, hop.figure, hop.cause, hop.state)


def test_other_spans_that_wait_in_a_relay_do_not_hide_that_all_arrived() -> None:
    """The gateway counts the marked ones."""
    relay = together([FIRST, SECOND])
    hop = hops.relayed_hop("web", CLIENT, relay, SILENT, Queue(120, 0, 2000, 5.0))
    all_of_them = GatewayCounts(accepted=200, refused=0, distinct=200)

    (found,) = hops.by_marker([hop], CLIENT, all_of_them, unmarked=True)

    assert (True, "") == (found.ok, found.state)


def test_a_look_brings_the_relays_counts_back() -> None:
    """As a line of JSON; one of an earlier version has none."""
    look = Look(CLIENT, SENT, SENT, relay_before=FIRST, relay_after=SECOND)
    older = {
        name: value for name, value in json.loads(as_line(look)).items() if "relay" not in name
    }

    assert look == from_text(as_line(look))
    assert Look(CLIENT, SENT, SENT) == from_text(json.dumps(older))
