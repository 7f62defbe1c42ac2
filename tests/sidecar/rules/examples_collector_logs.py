"""A bad and a good line of a collector's log for each part that it may not reach."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import collector_logs

REFUSED = "dial tcp 10.96.0.7:14317: connect: connection refused"
HELD = "rpc error: code = Unavailable desc = the gateway refused the token [token-refused]"
PROXY = "code = Unimplemented desc = unexpected HTTP status code received from server: 404"


def logged(line: str, receiver: str) -> Example:
    """Return the example of a line where a collector sends to a receiver."""
    bad, good = (Call(each, receiver=receiver) for each in (line, HELD))
    return example(collector_logs.logged, bad, good)


EXAMPLES = {
    f"{receiver}-{rule}": logged(line, receiver)
    for receiver in (collector_logs.FORWARDER, collector_logs.RELAY)
    for rule, line in (("not-reached", REFUSED), ("without-grpc", PROXY))
}
