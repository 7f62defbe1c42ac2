"""Bad and good counts for each rule about hops."""

from __future__ import annotations

from rule_examples import Call, Example, example, ids

from sidecar.rules import hops
from sidecar.rules.exporters import Exporter
from sidecar.rules.hops import Handed
from sidecar.verify.counts import ClientCounts, GatewayCounts
from sidecar.verify.hops import accepted_hop

SENT = ClientCounts(started=1, sent=1, packets=1)
ALL = Call(10, 10, {})
NOT_LOST = Call({}, 0)
USUAL = Exporter()


def client(reason: str) -> Example:
    """Return the example of spans that the client dropped for a reason."""
    return example(hops.client, Call(10, 7, {reason: 3}), ALL)


def lost(reason: str) -> Example:
    """Return the example of packets that were lost for a reason."""
    return example(hops.received, Call({reason: 1}, 1), NOT_LOST)


def handed(bad: Handed, good: Handed, exporter: Exporter = USUAL) -> Example:
    """Return the example of spans in an agent whose log names no cause."""
    return example(hops.submitted, Call(bad, exporter), Call(good, exporter))


WAITING = Handed(missing=5, failed=0, waiting=5, undecoded=0)
FAILED = Handed(missing=5, failed=5, waiting=0, undecoded=0)
BEFORE = Handed(missing=5, failed=0, waiting=0, undecoded=0)
AWAY = Exporter(connected=False)
SILENT = Exporter(answered=False, stalled=6)
RESTARTED = Exporter(restart=hops.restarted(None))

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
    "packets-above-mtu": Example(lambda: ids(hops.only_large(5)), lambda: ids(hops.unreached(5))),
    "agent-restarted": example(hops.received, Call({}, 1, RESTARTED), Call({}, 1)),
    "gateway-silent": handed(WAITING, FAILED, SILENT),
    "gateway-slow": handed(WAITING, FAILED),
    "gateway-refused-spans": handed(FAILED, WAITING),
    "agent-not-connected": example(hops.submitted, Call(WAITING, AWAY), Call(WAITING, USUAL)),
    "lost-before-this-hop": handed(BEFORE, WAITING),
    "token-not-accepted": example(hops.accepted, Call({hops.REFUSED: 5}, 5), NOT_LOST),
    "spans-not-arrived": example(hops.accepted, Call({}, 5), NOT_LOST),
    "token-in-span-tags": example(hops.exposed, Call(5), Call(0)),
    "gateway-without-counts": Example(
        lambda: {accepted_hop("web", SENT, None).id},
        lambda: {accepted_hop("web", SENT, GatewayCounts(1, 0, 1)).id},
    ),
}
