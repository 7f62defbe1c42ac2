"""Counts of all agents that ever ran, read every second: a restart takes none of them away."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from faults import namespaces

from sidecar.rules import kinds
from sidecar.verify.network.reader import agent_counts

SPANS, PACKETS = ("spans_failed", "not_queued"), ("packets_dropped", "kernel_drops", "read_errors")


def read_agent(pid, kind=kinds.AGENT):
    """Return the counts of the agent in the namespace of a process. Raises OSError."""
    metrics = namespaces.fetch_inside(pid, kind.port, "/metrics")
    tables = [Path(f"/proc/{pid}/net/{name}").read_text() for name in ("udp", "udp6")]
    counts = agent_counts(metrics, tables)
    found = {name: getattr(counts, name) for name in (*SPANS, *PACKETS)}
    return {**found, "packets_dropped": counts.refused}


class Watcher:
    """Reads the agents' counters until the block ends."""

    def __init__(self, agents, kind=kinds.AGENT):
        """Take a function that returns {agent: process id}, and their kind."""
        self._agents, self._kind = agents, kind
        self._last: dict = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        if namespaces.allowed():
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()

    def totals(self):
        """Return what all agents counted so far, the ended ones included."""
        self._read()
        return sum((Counter(each) for each in self._last.values()), Counter())

    def _watch(self):
        while not self._stopping.wait(1.0):
            self._read()

    def _read(self):
        for key in self._agents().items():
            try:
                counts = read_agent(key[1], self._kind)
            except (OSError, ValueError):
                continue
            self._last[key] = counts
