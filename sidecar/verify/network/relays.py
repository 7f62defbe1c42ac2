"""Reads the counters of relays, which share one name, as those of one collector."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.rules.kinds import RELAY, SPANS
from sidecar.verify.counts import AgentCounts
from sidecar.verify.network.namespace import resolved
from sidecar.verify.network.reader import read_agent

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUMS = ("packets_processed", "packets_dropped", "not_queued", "queue", "capacity")
_SENT = ("spans_submitted", "spans_failed", "batches_submitted", "batches_failed")


def read_relays(name: str, port: int = RELAY.port) -> AgentCounts:
    """Return the counts of all relays at a name's addresses. Raises OSError where one is away."""
    addresses = resolved(name)
    if not addresses:
        raise OSError(f"the name {name} does not resolve")
    hosts = (f"[{each}]" if ":" in each else each for each in addresses)
    return together(read_agent(f"http://{host}:{port}", 0) for host in hosts)


def together(counts: Iterable[AgentCounts]) -> AgentCounts:
    """Return the counts of several collectors as those of one."""
    every = list(counts)
    sums = {name: sum(getattr(each, name) for each in every) for name in (*_SUMS, *_SENT)}
    failed: Counter[str] = Counter()
    for each in every:
        failed.update(each.failed_by)
    found = AgentCounts(
        **sums,
        connected=min(each.connected for each in every),
        started=max(each.started for each in every),
        unit=SPANS,
        failed_by=dict(failed),
    )
    return replace(found, at=max(each.at for each in every))
