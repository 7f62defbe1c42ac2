"""Bad and good counts, logs and deployments for each rule about hops."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.errors import SidecarError
from sidecar.rules import hops
from sidecar.rules.hops import Handed
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.hops import accepted_hop
from sidecar.verify.look import broken_by
from sidecar.verify.pod import PodDeployment

SENT = ClientCounts(started=1, sent=1, packets=1)
ALL = Call(10, 10, {})
NOT_LOST = Call({}, 0)
QUIET = Call("Starting agent")


def client(reason: str) -> Example:
    """Return the example of spans that the client dropped for a reason."""
    return example(hops.client, Call(10, 7, {reason: 3}), ALL)


def lost(reason: str) -> Example:
    """Return the example of packets that were lost for a reason."""
    return example(hops.received, Call({reason: 1}, 1), NOT_LOST)


def logged(line: str) -> Example:
    """Return the example of a line in an agent's log."""
    return example(hops.logged, Call(line), QUIET)


def handed(bad: Handed, good: Handed) -> Example:
    """Return the example of spans in an agent whose log names no cause."""
    return example(hops.submitted, Call(bad, None), Call(good, None))


def read_agent(error: OSError | None) -> set[str]:
    """Return the ids of an agent's admin port that answers, or fails."""

    def read() -> AgentCounts:
        if error:
            raise error
        return AgentCounts()

    try:
        PodDeployment("web", None).settled("http://127.0.0.1:14271", read, 0, 0)
    except SidecarError as found:
        return {found.id}
    return set()


WAITING = Handed(missing=5, failed=0, waiting=5, connected=True, undecoded=0)
FAILED = Handed(missing=5, failed=5, waiting=0, connected=True, undecoded=0)

EXAMPLES = {
    "client-queue-full": client("queue_full"),
    "client-send-failed": client("send_error"),
    "client-closed-early": client("close_timeout"),
    "client-dropped-spans": client("another_reason"),
    "spans-still-in-client": example(hops.client, Call(10, 7, {}), ALL),
    "kernel-dropped-packets": lost(hops.BY_KERNEL),
    "agent-queue-full": lost(hops.BY_AGENT),
    "unreadable-packets": lost(hops.UNREADABLE),
    "undecoded-packets": lost(hops.UNDECODED),
    "agent-not-reached": example(hops.received, Call({}, 1), NOT_LOST),
    "token-refused": logged("rpc error: code = Unauthenticated"),
    "gateway-name-unresolved": logged("lookup gateway: no such host"),
    "gateway-connection-refused": logged("dial tcp 127.0.0.1:1: connect: connection refused"),
    "gateway-unreachable": logged("dial tcp 10.0.0.1:1883: i/o timeout"),
    "gateway-tls-failed": logged("authentication handshake failed"),
    "gateway-quota-exceeded": logged("rpc error: code = ResourceExhausted"),
    "gateway-unavailable": logged("rpc error: code = Unavailable"),
    "gateway-silent": handed(WAITING, FAILED),
    "gateway-refused-spans": handed(FAILED, WAITING),
    "agent-not-connected": handed(WAITING._replace(connected=False), WAITING),
    "token-not-accepted": example(hops.accepted, Call({hops.REFUSED: 5}, 5), NOT_LOST),
    "spans-not-arrived": example(hops.accepted, Call({}, 5), NOT_LOST),
    "gateway-without-counts": Example(
        lambda: {accepted_hop("web", SENT, None).id},
        lambda: {accepted_hop("web", SENT, GatewayCounts(1, 0, 1)).id},
    ),
    "missing-part": Example(
        lambda: {hops.missing_part().rule.id},
        lambda: {found.rule.id for found in [hops.container("web-1", "exited")] if found},
    ),
    "part-not-running": example(hops.container, Call("web-1", "exited"), Call("web-1", "running")),
    "part-not-answering": Example(
        lambda: read_agent(ConnectionRefusedError()), lambda: read_agent(None)
    ),
    "hop-not-counted": Example(
        lambda: {broken_by("client sent", SidecarError("web", "the probe failed")).id},
        lambda: {broken_by("client sent", SidecarError("web", "is gone", id="missing-part")).id},
    ),
}
