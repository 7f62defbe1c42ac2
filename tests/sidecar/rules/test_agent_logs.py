"""What an agent's log says: the causes of failures, by their number and their time."""

from __future__ import annotations

import json

import pytest

from sidecar.rules.agent_logs import logged

FAULTS = {
    "refused the token": "rpc error: code = Unauthenticated desc = unknown token",
    "name does not resolve": 'desc = "name resolver error: produced zero addresses"',
    "refused the connection": "dial tcp 127.0.0.1:1: connect: connection refused",
    "out of reach": "dial tcp 10.0.0.1:1883: i/o timeout",
    "TLS with the gateway failed": "authentication handshake failed: tls: first record",
    "does not accept Jaeger's gRPC": "code = Unimplemented desc = unexpected HTTP status code",
    "quota": "rpc error: code = ResourceExhausted",
    "connection to the gateway broke": "code = Unavailable desc = error reading from server: EOF",
    "not available": "rpc error: code = Unavailable desc = try later",
    "answered DeadlineExceeded": "rpc error: code = DeadlineExceeded desc = upstream",
}


def failure(error: str, ts: float = 100.0) -> str:
    """Return the line of a batch that the agent gave up."""
    message = "Could not send spans over gRPC"
    return json.dumps({"level": "error", "ts": ts, "msg": message, "error": error})


def log(*lines: str) -> str:
    """Return a log."""
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(("words", "line"), FAULTS.items(), ids=FAULTS)
def test_a_failure_becomes_a_cause(words, line) -> None:
    """Messages of agent and gRPC become the kit's causes, each with a fix."""
    found = logged(log('{"level":"info","msg":"ready"}', failure(line)))

    assert words in found.cause
    assert found.fix


@pytest.mark.parametrize(
    "line",
    [
        "dial tcp: lookup gw on 127.0.0.11:53: read udp 127.0.0.1:1->127.0.0.11:53: i/o timeout",
        "dns: A record lookup error: lookup gw on 10.0.0.10:53: server misbehaving",
        "lookup gw: Temporary failure in name resolution",
        "lookup gw on 10.0.0.10:53: read udp 10.1.0.1:1->10.0.0.10:53: read: connection refused",
    ],
)
def test_a_name_server_without_an_answer_is_no_firewall_before_the_gateway(line) -> None:
    """The name is what does not resolve; the name server is what to look at."""
    found = logged(log(failure(line)))

    assert "gateway-name-unresolved" == found.rule.id
    assert "name server does not answer" in found.cause
    assert "name server" in found.fix


def test_the_cause_of_most_failures_is_the_cause() -> None:
    """A refused token is rarer here; its share is shown."""
    failures = [failure("code = Unavailable")] * 7 + [failure("code = Unauthenticated")] * 3
    found = logged(log(*failures))

    assert "gateway-unavailable" == found.rule.id
    assert (
        "the gateway is not available (70% of the failures), the gateway refused the token (30%)"
        == found.cause
    )


def test_a_rare_failure_is_not_mentioned() -> None:
    """One of a hundred distracts from the others."""
    failures = [failure("code = Unavailable")] * 99 + [failure("code = Unauthenticated")]

    assert "the gateway is not available" == logged(log(*failures)).cause


def test_failures_before_the_window_do_not_count() -> None:
    """An earlier outage has another cause; lines without a time count."""
    before, now = failure("code = Unauthenticated", ts=99), failure("code = Unavailable", ts=101)

    assert "gateway-unavailable" == logged(log(before, before, now), since=100).rule.id
    assert logged(log(before), since=100) is None
    assert "token-refused" == logged("code = Unauthenticated\n", since=100).rule.id


def test_without_failures_the_most_telling_line_counts() -> None:
    """Connections that failed are logged before a batch is given up."""
    lines = ("connection refused", "code = Unavailable", "code = Unauthenticated")

    assert "token-refused" == logged(log(*lines)).rule.id


def test_no_line_of_a_log_is_repeated() -> None:
    """A log may hold a tag, so no part of it is in a cause."""
    found = logged("Unauthenticated: Authentication=abc@def_abc@secret")

    assert "abc" not in found.cause + found.fix


def test_a_log_without_failures_has_no_cause() -> None:
    """There is nothing that the kit recognizes."""
    assert logged('{"level":"info","msg":"Starting agent"}') is None
