"""Bad and good counts for each rule about a collector's queue."""

from __future__ import annotations

from rule_examples import Call, Example, example, ids

from sidecar.rules import hops, queues
from sidecar.rules.exporters import Exporter
from sidecar.rules.hops import Handed
from sidecar.rules.kinds import COLLECTOR
from sidecar.rules.queues import Queue

AWAY = Exporter(connected=False, answered=False, kind=COLLECTOR)
FULL = Queue(100, 100, 100)
ROOMY = Queue(100, 100, 1000)
WAITING = Handed(missing=5, failed=0, waiting=5, undecoded=0)
ARRIVED = Handed(missing=0, failed=0, waiting=0, undecoded=0)

EXAMPLES = {
    "spans-wait-in-queue": example(
        hops.submitted, Call(WAITING, AWAY, ROOMY), Call(ARRIVED, AWAY, ROOMY)
    ),
    "collector-queue-grows": example(
        queues.grows, Call(Queue(4000, 2500), 300, 3), Call(Queue(150, 100), 300, 3)
    ),
    "collector-queue-full": example(queues.queued, Call(100, FULL, AWAY), Call(100, ROOMY, AWAY)),
    "collector-storage-failed": example(
        queues.queued, Call(100, ROOMY, AWAY), Call(100, FULL, AWAY)
    ),
    "collector-queue-fills": example(
        queues.fills, Call("web-agent", 51, 100), Call("web-agent", 50, 100)
    ),
    "collector-refused-spans": Example(
        lambda: ids(hops.received({queues.BY_COLLECTOR: 50}, 0, AWAY)),
        lambda: ids(hops.received({}, 0, AWAY)),
    ),
}
