"""Verdicts: how each hop judges its counts."""

from __future__ import annotations

import pytest

from sidecar.findings import Problem
from sidecar.rules import hops as rules
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts, client_counts
from sidecar.verify.hops import (
    Proof,
    accepted_hop,
    broken_hop,
    client_hop,
    received_hop,
    submitted_hop,
)
from sidecar.verify.look import Broken

CLIENT = ClientCounts(started=200, sent=200, packets=4)
KNOWN = Problem(rules.TOKEN_REFUSED, "C", "F")


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
    ("agent", "known", "text"),
    [
        (AgentCounts(spans_failed=200, connected=1), KNOWN, "200 spans failed: C"),
        (AgentCounts(connected=1), KNOWN, "200 spans wait in the agent: C"),
        (
            AgentCounts(connected=1),
            None,
            "200 spans wait in the agent: the gateway does not answer",
        ),
        (
            AgentCounts(),
            None,
            "200 spans wait in the agent: the agent has no connection to the gateway",
        ),
        (
            AgentCounts(spans_submitted=150, spans_failed=50),
            None,
            "50 spans failed: the agent has no connection",
        ),
        (
            AgentCounts(spans_submitted=150, handler_errors=1, connected=1),
            None,
            "50 spans were in packets that the agent could not decode",
        ),
        (
            AgentCounts(handler_errors=1, connected=1),
            KNOWN,
            "200 spans wait in the agent: C",
        ),
        (
            AgentCounts(spans_failed=200, handler_errors=5, batches_failed=4, connected=1),
            KNOWN,
            "200 spans failed: C",
        ),
    ],
)
def test_spans_that_the_agent_could_not_submit_have_a_cause(agent, known, text):
    """The log's cause if it names one, else the counters'."""
    hop = submitted_hop("web", CLIENT, agent, known)

    assert not hop.ok
    assert hop.cause.startswith(text)
    assert hop.fix


def test_submitted_spans_are_proven():
    """All of them submitted, none failed."""
    hop = submitted_hop("web", CLIENT, AgentCounts(spans_submitted=200, connected=1), None)

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
            {"dropped in silence": 200},
            "the gateway did not accept the token",
        ),
        (GatewayCounts(150, 0, 150), {}, "50 spans did not arrive"),
    ],
)
def test_spans_that_the_gateway_did_not_keep_have_a_cause(counts, lost, cause):
    """A token that it does not accept, or spans that never came."""
    hop = accepted_hop("web", CLIENT, counts)

    assert (False, lost, cause) == (hop.ok, hop.counts, hop.cause)
    assert hop.fix


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


LOGS = {
    "refused the token": "rpc error: code = Unauthenticated desc = unknown token",
    "name does not resolve": 'desc = "name resolver error: produced zero addresses"',
    "refused the connection": "dial tcp 127.0.0.1:1: connect: connection refused",
    "out of reach": "dial tcp 10.0.0.1:1883: i/o timeout",
    "TLS with the gateway failed": "authentication handshake failed: tls: first record",
    "quota": "rpc error: code = ResourceExhausted",
    "not available": "rpc error: code = Unavailable desc = try later",
}


@pytest.mark.parametrize(("words", "line"), LOGS.items(), ids=LOGS)
def test_a_log_line_becomes_a_cause(words, line):
    """Messages of agent and gRPC become the kit's causes, each with a fix."""
    found = rules.logged(
        f'{{"level":"info","msg":"ready"}}\n{{"level":"error","error":"{line}"}}\n'
    )

    assert words in found.cause
    assert found.fix


def test_the_most_telling_cause_wins():
    """A refused token is named, although the connection broke later."""
    assert (
        "token"
        in rules.logged("connection refused\ncode = Unavailable\ncode = Unauthenticated\n").cause
    )


def test_no_line_of_a_log_is_repeated():
    """A log may hold a tag, so no part of it is in a cause."""
    found = rules.logged("Unauthenticated: Authentication=abc@def_abc@secret")

    assert "abc" not in found.cause + found.fix


def test_a_log_without_failures_has_no_cause():
    """There is nothing that the kit recognizes."""
    assert rules.logged('{"level":"info","msg":"Starting agent"}') is None


def test_a_failed_hop_has_the_id_of_its_rule() -> None:
    """An ok hop has none; a region's gateway has that of its missing counts."""
    broken = Broken("client sent", "web: the probe failed")

    assert "" == client_hop("web", CLIENT).id
    assert "client-queue-full" == client_hop("web", ClientCounts(2, 1, {"queue_full": 1})).id
    assert "agent-not-reached" == received_hop("web", CLIENT, AgentCounts()).id
    assert "token-refused" == submitted_hop("web", CLIENT, AgentCounts(), KNOWN).id
    assert "spans-not-arrived" == accepted_hop("web", CLIENT, GatewayCounts(1, 0, 1)).id
    assert "gateway-without-counts" == accepted_hop("web", CLIENT, None).id
    assert "hop-not-counted" == broken_hop("web", broken).id
