"""What a collector's log says of spans that it could not hand on.

A collector sends to a relay or to the forwarder, and only the forwarder to the gateway. The answer
of a forwarder ends with the id of a rule (`words` in sidecar/forwarder/server.py); what fails
without one fails on the way to it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from sidecar.findings import Rule, Severity
from sidecar.rules import agent_logs, forwarders
from sidecar.rules.agent_logs import Cause

if TYPE_CHECKING:
    from sidecar.findings import Problem

FORWARDER, RELAY = "forwarder", "relay"
"""What a collector sends to."""


def _not_reached(receiver: str) -> Rule:
    return Rule(
        f"{receiver}-not-reached",
        Severity.ERROR,
        f"A collector cannot hand its spans to the {receiver}.",
        "They wait in the collector, and are lost once its queue is full.",
        f"See whether the {receiver} runs; a collector may take two minutes to connect again",
        f"a collector's log with `connection refused`, where it sends to a {receiver}",
    )


def _without_grpc(receiver: str) -> Rule:
    return Rule(
        f"{receiver}-without-grpc",
        Severity.ERROR,
        f"Something else answers at the {receiver}'s address, such as a proxy.",
        "A collector drops the spans that are answered with 404, and keeps the connection.",
        "Restart the pod or container, whose connection outlives the cause. If it happens again, "
        f"exclude the {receiver}'s port from the proxy or mesh",
        "unexpected HTTP status code received from server: 404",
    )


FORWARDER_NOT_REACHED = _not_reached(FORWARDER)
RELAY_NOT_REACHED = _not_reached(RELAY)
FORWARDER_WITHOUT_GRPC = _without_grpc(FORWARDER)
RELAY_WITHOUT_GRPC = _without_grpc(RELAY)
_NOT_REACHED = {FORWARDER: FORWARDER_NOT_REACHED, RELAY: RELAY_NOT_REACHED}
_WITHOUT_GRPC = {FORWARDER: FORWARDER_WITHOUT_GRPC, RELAY: RELAY_WITHOUT_GRPC}
_ANSWERED = tuple(
    Cause(rule, re.compile(rf"\[{id_}\]"), text) for id_, (rule, text) in forwarders.ANSWERS.items()
)
_ON_THE_WAY = (
    agent_logs.NAME_UNRESOLVED,
    agent_logs.CONNECTION_REFUSED,
    agent_logs.TLS_FAILED,
    agent_logs.UNREACHABLE,
    agent_logs.CONNECTION_BROKEN,
    agent_logs.UNAVAILABLE,
)


def logged(log: str, since: float = 0.0, receiver: str = FORWARDER) -> Problem | None:
    """Return the cause of most failures in the log of a collector that sends to a receiver.

    None where it names none; `since` is as for an agent's log.
    """
    return agent_logs.logged(log, since, _causes(receiver))


def answered(words: str) -> Problem:
    """Judge the words of a forwarder that refused a call; without an id, it did not answer."""
    found = (cause for cause in _ANSWERED if cause.pattern.search(words))
    if cause := next(found, None):
        return cause.rule.problem(cause.text)
    return FORWARDER_NOT_REACHED.problem("the forwarder does not answer")


@cache
def _causes(receiver: str) -> tuple[Cause, ...]:
    return (*_ANSWERED, *(_of(cause, receiver) for cause in agent_logs.CAUSES))


def _of(cause: Cause, receiver: str) -> Cause:
    """Return a cause of an agent's log as it is in a collector's."""
    if cause.rule is agent_logs.NOT_GRPC:
        text = f"what answers at the {receiver}'s address is not the {receiver}"
        return Cause(_WITHOUT_GRPC[receiver], cause.pattern, text)
    if cause.rule not in _ON_THE_WAY:
        return cause
    text = cause.text.replace("the gateway", f"the {receiver}")
    return Cause(_NOT_REACHED[receiver], cause.pattern, text)
