"""A bad and a good line of a collector's log for each part that it may not reach."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import collector_logs

REFUSED = "dial tcp 10.96.0.7:14317: connect: connection refused"
HELD = "rpc error: code = Unavailable desc = the gateway refused the token [token-refused]"


def logged(receiver: str) -> Example:
    """Return the example of a line where a collector sends to a receiver."""
    bad, good = (Call(line, receiver=receiver) for line in (REFUSED, HELD))
    return example(collector_logs.logged, bad, good)


EXAMPLES = {
    f"{receiver}-not-reached": logged(receiver)
    for receiver in (collector_logs.FORWARDER, collector_logs.RELAY)
}
