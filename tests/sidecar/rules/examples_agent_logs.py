"""A line of an agent's log for each cause that the kit recognizes, and a line that names none."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import agent_logs

QUIET = Call("Starting agent")


def logged(line: str) -> Example:
    """Return the example of a line in an agent's log."""
    return example(agent_logs.logged, Call(line), QUIET)


EXAMPLES = {
    "token-refused": logged("rpc error: code = Unauthenticated"),
    "gateway-name-unresolved": logged("lookup gateway: no such host"),
    "gateway-connection-refused": logged("dial tcp 127.0.0.1:1: connect: connection refused"),
    "gateway-unreachable": logged("dial tcp 10.0.0.1:1883: i/o timeout"),
    "gateway-tls-failed": logged("authentication handshake failed"),
    "gateway-without-grpc": logged("unexpected HTTP status code received from server: 404"),
    "gateway-quota-exceeded": logged("rpc error: code = ResourceExhausted"),
    "gateway-connection-broken": logged("error reading from server: EOF"),
    "gateway-unavailable": logged("rpc error: code = Unavailable"),
    "gateway-failed-calls": logged("rpc error: code = Internal"),
}
