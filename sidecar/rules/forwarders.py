"""What becomes of a call between a collector and the gateway: the token forwarder's answers.

A collector drops for good what its exporter takes for permanent. Only what judges the spans
themselves may look so to it; all else is held, which means that the collector keeps it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agent_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

GRPC_PORT, STATE_PORT = 14317, 14318
"""Of the forwarder: calls of collectors, and its counters; in a pod no other part has them."""

OK, DEADLINE, UNAVAILABLE = "OK", "DEADLINE_EXCEEDED", "UNAVAILABLE"
INVALID = "INVALID_ARGUMENT"


def _error(rule: str, summary: str, fix: str, example: str, why: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


_WAIT = "Spans wait in the collectors, and are lost once their queues are full."

NO_TOKEN = _error(
    "forwarder-without-token",
    "The forwarder has no token that it could send.",
    "Run `sidecar token set` with the token of the region",
    "secrets/forwarder/token is missing or empty",
    _WAIT,
)
COLLECTION_OFF = _error(
    "gateway-collection-off",
    "The gateway takes no spans, because their collection is switched off.",
    "Switch the collection on in the console",
    "HTTP 406 from the gateway",
    _WAIT,
)
BATCH_REFUSED = _error(
    "gateway-refused-batch",
    "The gateway refused the spans themselves, not their token.",
    "Find the spans that it does not take: broken ids, or spans of several MiB",
    "INVALID_ARGUMENT from the gateway",
    "A collector drops what is refused for good: to repeat it would block its queue.",
)

_HTTP = {
    **dict.fromkeys((400, 413, 422), INVALID),
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "UNIMPLEMENTED",
    405: "RESOURCE_EXHAUSTED",
    406: "FAILED_PRECONDITION",
    408: UNAVAILABLE,
    415: "UNIMPLEMENTED",
    429: "RESOURCE_EXHAUSTED",
}
"""HTTP answers in gRPC's terms; the vendor's table has 405 for a quota, 406 for a switch."""
_TOO_LARGE = re.compile(r"larger than max|too large", re.IGNORECASE)
_BY_CODE = {
    "UNAUTHENTICATED": (agent_logs.TOKEN_REFUSED, "the gateway refused the token"),
    "PERMISSION_DENIED": (agent_logs.TOKEN_REFUSED, "the gateway refused the token"),
    "RESOURCE_EXHAUSTED": (agent_logs.QUOTA_EXCEEDED, "the gateway's quota is used up"),
    "FAILED_PRECONDITION": (COLLECTION_OFF, "the gateway's collection is switched off"),
    "UNIMPLEMENTED": (
        agent_logs.NOT_GRPC,
        "what answers at the gateway's address does not accept OTLP",
    ),
    UNAVAILABLE: (agent_logs.UNAVAILABLE, "the gateway is not available"),
    DEADLINE: (agent_logs.UNREACHABLE, "the gateway did not answer in time"),
}
_BY_WORDS = (
    (r"refused", agent_logs.CONNECTION_REFUSED, "the gateway refused the connection"),
    (r"\bdns\b|resol", agent_logs.NAME_UNRESOLVED, "the gateway's name does not resolve"),
    (r"ssl|tls|handshake|certificate", agent_logs.TLS_FAILED, "TLS with the gateway failed"),
    (r"timed out|unreachable|no route", agent_logs.UNREACHABLE, "the gateway is out of reach"),
)
"""What gRPC's own words of a call without an answer mean."""


class Refusal(NamedTuple):
    """Why a call was not accepted, and what a collector is to make of it."""

    code: str
    """What the gateway answered, in gRPC's terms."""
    problem: Problem
    held: bool = True
    """The collector is to keep it; else to drop it, since to repeat it changes nothing."""

    @property
    def words(self) -> str:
        """What the collector is told, and logs: the cause, and the rule's id at the end."""
        return f"{self.problem.cause} [{self.problem.rule.id}]"

    @property
    def answer(self) -> str:
        """The code for the collector: one that its exporter repeats, unless it is to drop."""
        if not self.held:
            return INVALID
        return DEADLINE if self.code == DEADLINE else UNAVAILABLE


def of_http(status: int) -> str:
    """Return an HTTP answer in gRPC's terms."""
    if 200 <= status < 300:
        return OK
    return _HTTP.get(status) or (UNAVAILABLE if status >= 500 else "UNKNOWN")


def refused(code: str, details: str = "") -> Refusal:
    """Judge an answer other than OK. `details` chooses a rule, and is never shown."""
    if code == INVALID or (code == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(details)):
        problem = BATCH_REFUSED.problem(f"the gateway refused the spans themselves: {code}")
        return Refusal(code, problem, held=False)
    rule, text = _known(code, details)
    return Refusal(code, rule.problem(f"{text} ({code})"))


def _known(code: str, details: str) -> tuple[Rule, str]:
    if code == UNAVAILABLE:
        for pattern, rule, text in _BY_WORDS:
            if re.search(pattern, details, re.IGNORECASE):
                return rule, text
    return _BY_CODE.get(code) or (agent_logs.GATEWAY_FAILED, "the gateway failed")


def without_token(why: str) -> Refusal:
    """Return the refusal of a call for which there is no token."""
    return Refusal("NO_TOKEN", NO_TOKEN.problem(f"the token's file {why}"))


def is_of_token(problem: Problem) -> bool:
    """Tell whether another try with the same token would change nothing."""
    return problem.rule.id in (NO_TOKEN.id, agent_logs.TOKEN_REFUSED.id)


ANSWERS = {
    rule.id: (rule, text)
    for rule, text in (
        (agent_logs.GATEWAY_FAILED, "the gateway failed"),
        *_BY_CODE.values(),
        *((rule, text) for _, rule, text in _BY_WORDS),
        (NO_TOKEN, "the forwarder has no token that it could send"),
        (BATCH_REFUSED, "the gateway refused the spans themselves"),
    )
}
"""Id → the rule of a call that a forwarder did not get through, and its cause."""


def holding(refusal: Mapping[str, str] | None) -> Problem | None:
    """Judge what a forwarder says of the calls that it holds now: a rule's id and a code."""
    if not refusal:
        return None
    rule, text = ANSWERS.get(refusal["rule"], ANSWERS[agent_logs.GATEWAY_FAILED.id])
    return rule.problem(text if rule is NO_TOKEN else f"{text} ({refusal['code']})")
