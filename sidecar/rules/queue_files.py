"""What a collector's log says of the file of its queue: why it cannot be written, or opened."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

_SOME_SPANS = "Some spans of the service do not arrive."
_NO_SPANS = "The collector does not run, and the spans of its service are lost."
_ASIDE = (
    "Move the file aside, and start the collector again: docs/collector.md has the commands;"
    " what waits in the file is lost if it cannot be repaired"
)


def _error(rule: str, summary: str, fix: str, example: str, why: str = _SOME_SPANS) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


DISK_FULL = _error(
    "collector-disk-full",
    "The disk of a collector's queue is full.",
    "Make room on the disk of its volume before you restart the collector",
    "no space left on device",
    "New spans are lost. A collector that starts with a full disk loses most of what waits, too.",
)
FILE_FULL = _error(
    "collector-queue-file-full",
    "The file of a collector's queue has reached its bound.",
    "Raise `agent.disk`, render again, and only then restart the collector",
    "the storage extension has run out of available space",
    "New spans are lost. A collector that starts with a full file loses much of what waits, too.",
)
NOT_WRITABLE = _error(
    "collector-queue-not-writable",
    "A collector may not write the file of its queue.",
    "Mount its volume writable, and give it to user 10001",
    "open /var/lib/otelcol/exporter_otlp_grpc__traces: read-only file system",
    _NO_SPANS,
)
DAMAGED = _error(
    "collector-queue-damaged",
    "The file of a collector's queue is damaged, and the collector does not start.",
    _ASIDE,
    'failed to start "otlp_grpc" exporter: invalid database',
    _NO_SPANS,
)
LOST = Rule(
    "collector-lost-queued-spans",
    Severity.WARNING,
    "A collector lost spans that had waited in its queue.",
    _SOME_SPANS,
    "Make room for its queue: see the space of its volume, and raise `agent.disk`",
    "Errors occurred while moving items for dispatching back to queue",
)

_CAUSES = (
    (re.compile(r"no space left on device"), DISK_FULL, "its disk is full"),
    (
        re.compile(r"run out of available space"),
        FILE_FULL,
        "the file has reached its bound",
    ),
    (
        re.compile(r"read-only file system"),
        NOT_WRITABLE,
        "the volume of its queue is mounted read-only",
    ),
    (
        re.compile(r"exporter: open \S+: permission denied"),
        NOT_WRITABLE,
        "the file of its queue belongs to another user",
    ),
    (
        re.compile(r"exporter: invalid database|exporter: .*checksum|go\.etcd\.io/bbolt"),
        DAMAGED,
        "the file of its queue is damaged",
    ),
)
"""What to look for in a log, the most telling first."""
_MOVED = "while moving items for dispatching back to queue"
_GONE = "Failed updating currently dispatched items"


def written(lines: Iterable[str]) -> Problem | None:
    """Return why a collector that runs could not write its queue, by its log; None: no reason."""
    found = (_cause(line) for line in lines if "Rejecting data" in line)
    return next(filter(None, found), None)


def ended(log: str) -> Problem | None:
    """Return why a collector ended at its start, by the end of its log; None: for another reason.

    A panic of the program that reads the file is taken for a damage of the file.
    """
    last = log.rpartition("Starting extensions...")[2]
    return None if "Everything is ready" in last else _cause(last)


def lost(log: str) -> Problem | None:
    """Judge what a collector could not put back into its queue, or take from it, by its log."""
    lines = log.splitlines()
    packets = sum(_errors(line) for line in lines if _MOVED in line)
    packets += sum(_GONE in line for line in lines)
    if not packets:
        return None
    found = _cause(log)
    why = f": {found.cause}" if found else ""
    return LOST.problem(f"{packets:,} packets that had waited may be lost{why}")


def unsent(spans: int) -> Problem | None:
    """Judge the spans that came into a queue, and neither wait in it nor were sent."""
    if spans <= 0:
        return None
    return LOST.problem(f"{spans:,} spans came into the queue, and left it without a call")


def _cause(text: str) -> Problem | None:
    for pattern, rule, cause in _CAUSES:
        if pattern.search(text):
            return rule.problem(cause)
    return None


def _errors(line: str) -> int:
    try:
        return int(json.loads(line[line.index("{") :])["errorCount"])
    except (ValueError, KeyError, TypeError):
        return 1
