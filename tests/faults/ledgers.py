"""What services and gateway wrote down: spans that were sent, those that came, and latencies."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Written:
    """What was written since a moment."""

    sent: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Span → when, and the service."""
    arrived: dict[str, float] = field(default_factory=dict)
    """Span → when the gateway accepted it first."""
    refused: set[str] = field(default_factory=set)
    """Spans that the gateway refused; the agent counts them as failed, too."""
    dropped: set[str] = field(default_factory=set)
    """Spans that the gateway dropped, as its own counter says; to the agent, they arrived."""
    latencies: list[float] = field(default_factory=list)
    failed_requests: int = 0


class Ledgers:
    """The folder of all ledgers, which only grow; `mark` forgets what is in them so far."""

    def __init__(self, folder):
        self.folder = folder
        self._offsets = {}

    def mark(self):
        """Let `read` begin here."""
        self._offsets = {path.name: path.stat().st_size for path in self._files()}

    def read(self, latency_until=None):
        """Return what was written since the mark; latencies up to a moment."""
        written = Written()
        for path in self._files():
            with path.open() as file:
                file.seek(self._offsets.get(path.name, 0))
                lines = [line.split() for line in file if line.endswith("\n")]
            getattr(self, f"_{path.suffix[1:]}")(written, lines, latency_until or time.time())
        return written

    def stats(self):
        """Return {file: counts} of all tracers that ever were."""
        found = {}
        for path in self.folder.glob("[!.]*.stats"):
            with suppress(ValueError):
                found[path.name] = json.loads(path.read_text())
        return found

    def _files(self):
        kinds = ("sent", "arrived", "latency")
        return [path for kind in kinds for path in sorted(self.folder.glob(f"*.{kind}"))]

    def _sent(self, written, lines, _):
        for moment, service, ids in lines:
            for identity in ids.split(","):
                written.sent[identity] = float(moment), service

    def _arrived(self, written, lines, _):
        for moment, fate, *_service, ids in lines:
            for identity in ids.split(","):
                if fate == "accepted":
                    written.arrived.setdefault(identity, float(moment))
                else:
                    getattr(written, fate).add(identity)

    def _latency(self, written, lines, until):
        for moment, milliseconds, status in lines:
            if float(moment) > until:
                continue
            if status == "200":
                written.latencies.append(float(milliseconds))
            else:
                written.failed_requests += 1


def p99(latencies):
    """Return the 99th percentile; None of too few."""
    ordered = sorted(latencies)
    return ordered[int(len(ordered) * 0.99)] if len(ordered) >= 20 else None
