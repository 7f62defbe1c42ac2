"""Verdicts: how each hop judges its counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.findings import Problem
from sidecar.rules import hops as rules
from sidecar.rules.agent_logs import TOKEN_REFUSED
from sidecar.rules.exporters import Exporter
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts, client_counts
from sidecar.verify.hops import (
    Proof,
    accepted_hop,
    broken_hop,
    by_marker,
    client_hop,
    received_hop,
    submitted_hop,
)
from sidecar.verify.look import Broken

CLIENT = ClientCounts(started=200, sent=200, packets=4)
SOUND = Exporter()
LOGGED = Exporter(cause=Problem(TOKEN_REFUSED, "C", "F"))
AWAY = Exporter(connected=False)
SILENT = Exporter(answered=False, stalled=6.0)
RESTARTED = Exporter(restart=rules.restarted(None))


def test_a_client_that_sent_all_is_proven():
    """All started spans were sent."""
    hop = client_hop("web", CLIENT)

    assert (True, 200, 200, "", "") == (hop.ok, hop.figure, hop.expected, hop.cause, hop.fix)


def test_a_clients_losses_are_listed_by_reason():
    """Each reason with its count; reasons that did not occur are left out."""
    hop = client_hop(
        "web", ClientCounts(200, 150, {"queue_full": 30, "send_error": 20, "closed": 0}, 3)
    )

    assert (False, {"queue_full": 30, "send_error": 20}) == (hop.ok, hop.counts)
    assert "the client dropped 50: 30 queue_full, 20 send_error" == hop.cause
    assert "JAEGER_AGENT_HOST" in hop.fix


def test_spans_that_are_still_in_the_client_are_counted():
    """They were neither sent nor dropped."""
    assert "50 spans are still in the client" == client_hop("web", ClientCounts(200, 150)).cause


def test_a_client_that_started_nothing_proves_nothing():
    """Zero of zero is no proof."""
    assert not client_hop("web", ClientCounts(0, 0)).ok


@pytest.mark.parametrize(
    ("agent", "cause", "fix"),
    [
        (
            AgentCounts(packets_processed=3, kernel_drops=1),
            "the kernel dropped 1 packets",
            "rmem_max",
        ),
        (
            AgentCounts(packets_processed=3, packets_dropped=1),
            "the agent dropped 1 packets",
            "capacity",
        ),
        (
            AgentCounts(packets_processed=3),
            "1 packets never reached the agent",
            "JAEGER_AGENT_HOST",
        ),
        (AgentCounts(packets_processed=4, read_errors=1), "1 packets could not be read", "65,000"),
        (
            AgentCounts(packets_processed=4, handler_errors=1),
            "the agent could not decode 1 packets",
            "cut a packet off",
        ),
    ],
)
def test_lost_packets_have_their_cause(agent, cause, fix):
    """The kernel, the agent's queue, the network, or the packet itself."""
    hop = received_hop("web", CLIENT, agent)

    assert not hop.ok
    assert cause in hop.cause
    assert fix in hop.fix


def test_a_packet_that_the_gateway_failed_was_decoded():
    """The agent counts it as a handler error, too, but it arrived."""
    assert received_hop(
        "web", CLIENT, AgentCounts(4, spans_failed=100, handler_errors=2, batches_failed=2)
    ).ok


def test_other_traffic_does_no_harm():
    """Packets beyond the marked ones are the service's own."""
    assert received_hop("web", CLIENT, AgentCounts(packets_processed=40)).ok


def test_the_receiver_is_named_for_what_it_is():
    """Where the stand-in listens at the agent's port, the hop says so."""
    assert (
        "stand-in received" == received_hop("web", CLIENT, AgentCounts(4), "stand-in received").hop
    )
    assert "agent received" == received_hop("web", CLIENT, AgentCounts(4)).hop


@pytest.mark.parametrize(
    ("agent", "exporter", "text"),
    [
        (AgentCounts(4, spans_failed=200), LOGGED, "200 spans failed: C"),
        (AgentCounts(4, spans_failed=200), SOUND, "200 spans failed: the gateway refused them"),
        (AgentCounts(4, spans_failed=50), AWAY, "50 spans failed: the agent has no connection"),
        (AgentCounts(4, queue=4), LOGGED, "4 packets wait in the agent: C"),
        (AgentCounts(4, queue=4), AWAY, "4 packets wait in the agent: the agent has no connect"),
        (
            AgentCounts(4, queue=3),
            SILENT,
            "3 packets wait in the agent: the gateway has answered no call for 6 s",
        ),
        (AgentCounts(4, queue=3), SOUND, "3 packets wait in the agent: the gateway answers, but"),
        (
            AgentCounts(4, spans_submitted=150, handler_errors=1),
            SOUND,
            "50 spans were in packets that the agent could not decode",
        ),
        (
            AgentCounts(4, spans_failed=200, handler_errors=5, batches_failed=4),
            LOGGED,
            "200 spans failed: C",
        ),
        (AgentCounts(2, spans_submitted=100), SOUND, "100 spans did not reach the agent"),
        (AgentCounts(1, spans_submitted=50), RESTARTED, "the agent started again meanwhile"),
    ],
)
def test_spans_that_the_agent_could_not_submit_have_a_cause(agent, exporter, text):
    """The log's cause if it names one, else the counters'."""
    hop = submitted_hop("web", CLIENT, agent, exporter)

    assert not hop.ok
    assert hop.cause.startswith(text)
    assert hop.fix


def test_what_never_reached_the_agent_does_not_wait_in_it():
    """It is lost at the hop before, and the agent holds nothing."""
    hop = submitted_hop("web", CLIENT, AgentCounts(0), SOUND)

    assert (False, "lost-before-this-hop") == (hop.ok, hop.id)


def test_packets_of_other_traffic_may_wait():
    """A queue hands on first what came first: with four settled, the marked four are settled."""
    busy = AgentCounts(packets_processed=40, spans_submitted=1200, queue=36)

    assert submitted_hop("web", CLIENT, busy, SOUND).ok
    assert "1 packets wait" in submitted_hop("web", CLIENT, replace(busy, queue=37), SOUND).cause


@pytest.mark.parametrize(
    ("exporter", "cause", "rule"),
    [
        (SOUND, "the gateway answers, but slower than packets come", "agent-queue-full"),
        (SILENT, "the gateway has answered no call for 6 s", "gateway-silent"),
        (AWAY, "the agent has no connection to the gateway", "agent-not-connected"),
        (LOGGED, "C", "token-refused"),
    ],
)
def test_a_full_queue_is_the_consequence_of_what_the_calls_meet(exporter, cause, rule):
    """More capacity helps only against a gateway that answers."""
    hop = received_hop("web", CLIENT, AgentCounts(4, packets_dropped=1), exporter=exporter)

    assert (f"the agent dropped 1 packets, its queue full: {cause}", rule) == (hop.cause, hop.id)


@pytest.mark.parametrize(
    ("repeats", "cause", "fix"),
    [
        (True, "the network drops them", "firewall"),
        (False, "acknowledges packets: its process hangs", "restart it"),
        (None, "has answered no call for 6 s", "firewall"),
    ],
)
def test_a_gateway_that_hangs_is_told_from_a_network_that_drops(repeats, cause, fix):
    """By what the kernel repeats; where that is not known, the fix names both."""
    silent = SILENT._replace(repeats=repeats)
    hop = submitted_hop("web", CLIENT, AgentCounts(4, queue=4), silent)

    assert "gateway-silent" == hop.id
    assert hop.cause.endswith(cause)
    assert fix in hop.fix


def test_packets_that_went_down_with_an_agent_have_its_restart_as_the_cause():
    """The agent is at its address: JAEGER_AGENT_HOST is not in doubt."""
    hop = received_hop("web", CLIENT, AgentCounts(1), exporter=RESTARTED)

    assert "agent-restarted" == hop.id


def test_submitted_spans_are_proven():
    """All of them submitted, none failed."""
    hop = submitted_hop("web", CLIENT, AgentCounts(4, spans_submitted=200), SOUND)

    assert (True, "", {}) == (hop.ok, hop.cause, hop.counts)


def test_each_span_counts_once_at_the_gateway():
    """A span that an agent sent twice has arrived, once."""
    hop = accepted_hop("web", CLIENT, GatewayCounts(250, 0, 200))

    assert (True, 200) == (hop.ok, hop.figure)


@pytest.mark.parametrize(
    ("counts", "lost", "cause"),
    [
        (GatewayCounts(0, 200, 0), {"refused": 200}, "the gateway did not accept the token"),
        (
            GatewayCounts(0, 0, 0, dropped=200),
            {"dropped silently": 200},
            "the gateway did not accept the token",
        ),
        (
            GatewayCounts(150, 0, 150),
            {},
            "50 spans did not arrive, and no hop before counts a loss",
        ),
    ],
)
def test_spans_that_the_gateway_did_not_keep_have_a_cause(counts, lost, cause):
    """A token that it does not accept, or spans that never came."""
    hop = accepted_hop("web", CLIENT, counts)

    assert (False, lost, cause) == (hop.ok, hop.counts, hop.cause)
    assert hop.fix


BUSY = AgentCounts(40, spans_submitted=1200)


def test_spans_that_the_gateway_never_saw_did_not_reach_a_busy_agent():
    """Other packets hide that the marked ones did not come; the stand-in counts by marker."""
    hops = [received_hop("web", CLIENT, BUSY), submitted_hop("web", CLIENT, BUSY, SOUND)]
    found = by_marker(hops, CLIENT, GatewayCounts(100, 0, 100), unmarked=True)

    assert [(False, "agent-not-reached"), (True, "")] == [(hop.ok, hop.id) for hop in found]
    assert "100 marked spans never reached the agent" in found[0].cause
    assert hops == by_marker(hops, CLIENT, GatewayCounts(100, 0, 100), unmarked=False)


def test_other_traffic_may_wait_when_the_marked_spans_have_arrived():
    """A slow gateway always has some packets under way; failed spans stay a failure."""
    waits = submitted_hop("web", CLIENT, replace(BUSY, queue=40), SOUND)
    fails = submitted_hop("web", CLIENT, replace(BUSY, spans_failed=5), SOUND)
    (waiting, failing) = by_marker(
        [waits, fails], CLIENT, GatewayCounts(200, 0, 200), unmarked=True
    )

    assert (False, True) == (waits.ok, waiting.ok)
    assert not failing.ok


def test_spans_that_were_lost_before_do_not_blame_the_gateway():
    """The hop where they were lost says why."""
    failed = client_hop("web", ClientCounts(200, 150))

    hop = accepted_hop("web", CLIENT, GatewayCounts(0, 0, 0), before=[failed])

    assert "lost-before-this-hop" == hop.id


def test_a_gateway_without_counts_is_neither_proof_nor_failure():
    """A region's gateway shows no counts: the user has to look for the trace."""
    hop = accepted_hop("web", CLIENT, None)

    assert (None, None) == (hop.ok, hop.figure)
    assert "console" in hop.fix


def test_a_proof_is_ok_only_with_hops():
    """An uncounted hop does no harm; a failed one does, and the first is named."""
    unknown, failed = (
        accepted_hop("web", CLIENT, None),
        broken_hop("web", Broken("agent received", "gone")),
    )

    assert not Proof("m", ()).ok
    assert Proof("m", (client_hop("web", CLIENT), unknown)).ok
    assert not Proof("m", (unknown, failed)).ok
    assert (
        failed
        is Proof("m", (unknown, failed, broken_hop("web", Broken("x", "later")))).first_failure
    )


def test_the_probes_line_becomes_counts():
    """They are read by the names that the probe prints; a missing one is an error."""
    printed = {
        "started": 2,
        "sent": 1,
        "dropped": {"closed": 1},
        "packets": 1,
        "trace_ids": ["a", "b"],
        "more": 0,
    }

    assert ClientCounts(2, 1, {"closed": 1}, 1, ("a", "b")) == client_counts(printed)
    with pytest.raises(KeyError):
        client_counts({"started": 2})


def test_a_failed_hop_has_the_id_of_its_rule() -> None:
    """An ok hop has none; a region's gateway has that of its missing counts."""
    broken = Broken("client sent", "web: the probe failed")

    assert "" == client_hop("web", CLIENT).id
    assert "client-queue-full" == client_hop("web", ClientCounts(2, 1, {"queue_full": 1})).id
    assert "agent-not-reached" == received_hop("web", CLIENT, AgentCounts()).id
    waiting = AgentCounts(4, queue=4)
    assert "token-refused" == submitted_hop("web", CLIENT, waiting, LOGGED).id
    assert "spans-not-arrived" == accepted_hop("web", CLIENT, GatewayCounts(1, 0, 1)).id
    exposed = GatewayCounts(CLIENT.started, 0, CLIENT.started, exposed=3)
    assert "token-in-span-tags" == accepted_hop("web", CLIENT, exposed).id
    assert "gateway-without-counts" == accepted_hop("web", CLIENT, None).id
    assert "hop-not-counted" == broken_hop("web", broken).id
