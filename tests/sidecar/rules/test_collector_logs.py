"""What a collector's log tells: a forwarder's answer, or that none answers."""

from __future__ import annotations

import pytest

from sidecar.rules import collector_logs, forwarders
from sidecar.rules.collector_logs import RELAY, logged

LINE = (
    "2026-11-26T13:26:18.724Z\tinfo\tretry_sender.go:136\tExporting failed. Will retry the request"
    ' after interval.\t{"error": "rpc error: code = Unavailable desc = %s", "interval": "4.3s"}\n'
)


@pytest.mark.parametrize(
    ("code", "details", "rule"),
    [
        ("UNAUTHENTICATED", "", "token-refused"),
        ("RESOURCE_EXHAUSTED", "quota", "gateway-quota-exceeded"),
        ("FAILED_PRECONDITION", "", "gateway-collection-off"),
        ("UNIMPLEMENTED", "", "gateway-without-grpc"),
        ("UNAVAILABLE", "connection refused", "gateway-connection-refused"),
        ("UNAVAILABLE", "DNS resolution failed", "gateway-name-unresolved"),
        ("UNAVAILABLE", "", "gateway-unavailable"),
        ("DEADLINE_EXCEEDED", "", "gateway-unreachable"),
        ("INTERNAL", "", "gateway-failed-calls"),
        ("INVALID_ARGUMENT", "", "gateway-refused-batch"),
    ],
)
def test_the_answer_of_a_forwarder_is_the_cause(code: str, details: str, rule: str) -> None:
    """It is worded as the forwarder words it: all of them look alike to the collector."""
    refusal = forwarders.refused(code, details)
    found = logged(LINE % refusal.words)

    assert (rule, rule) == (refusal.problem.rule.id, found.rule.id)


def test_a_forwarder_without_a_token_is_the_cause() -> None:
    """Its answer says so."""
    found = logged(LINE % forwarders.without_token("is missing").words)

    assert ("forwarder-without-token", True) == (found.rule.id, "`sidecar token set`" in found.fix)


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("dial tcp 10.96.0.7:14317: connect: connection refused", "refused the connection"),
        ("dial tcp 10.96.0.7:14317: i/o timeout", "is out of reach"),
        ("error reading from server: EOF", "broke"),
        ("", "is not available"),
    ],
)
@pytest.mark.parametrize("receiver", [collector_logs.FORWARDER, RELAY])
def test_what_fails_on_the_way_is_not_the_gateways(words: str, cause: str, receiver: str) -> None:
    """The collector does not call the gateway itself."""
    found = logged(LINE % words, receiver=receiver)

    assert f"{receiver}-not-reached" == found.rule.id
    assert cause in found.cause
    assert f"the {receiver}" in found.cause
    assert "gateway" not in found.cause


@pytest.mark.parametrize("receiver", [collector_logs.FORWARDER, RELAY])
def test_a_proxy_that_answers_in_its_place_is_the_cause(receiver: str) -> None:
    """As a real collector logged it; the spans are dropped, not kept."""
    line = (
        "2026-11-27T11:45:46.596Z\terror\tinternal/queue_sender.go:57\tExporting failed. Dropping "
        'data.\t{"error": "not retryable error: Permanent error: rpc error: code = Unimplemented '
        "desc = unexpected HTTP status code received from server: 404 (Not Found); malformed "
        'header: missing HTTP content-type", "dropped_items": 12}\n'
    )
    found = logged(line, receiver=receiver)

    assert f"{receiver}-without-grpc" == found.rule.id
    assert f"what answers at the {receiver}'s address is not the {receiver}" == found.cause
    assert "Restart the pod" in found.fix
