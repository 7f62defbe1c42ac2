"""Bad and good lines of a collector's log for each rule about the file of its queue."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import queue_files

FILE = "/var/lib/otelcol/exporter_otlp_grpc__traces"
REJECTED = 'error\tExporting failed. Rejecting data.\t{"error": "%s", "rejected_items": 50}'
ENDED = 'Error: cannot start pipelines: failed to start "otlp_grpc" exporter: %s'
MOVED = (
    "error\tErrors occurred while moving items for dispatching back to queue\t"
    '{"numberOfItems": 251, "errorCount": %d}'
)


def rejected(bad: str) -> Example:
    """Return the example of spans that were refused for an error of the storage."""
    full = Call([REJECTED % "sending queue is full"])
    return example(queue_files.written, Call([REJECTED % bad]), full)


def ended(bad: str) -> Example:
    """Return the example of a collector that ended for an error of the storage."""
    return example(queue_files.ended, Call(ENDED % bad), Call(ENDED % "address already in use"))


EXAMPLES = {
    "collector-disk-full": rejected(f"write {FILE}: no space left on device"),
    "collector-queue-file-full": rejected("the storage extension has run out of available space"),
    "collector-queue-not-writable": ended(f"open {FILE}: read-only file system"),
    "collector-queue-damaged": ended("invalid database"),
    "collector-lost-queued-spans": example(
        queue_files.lost, Call(MOVED % 2), Call("info\tMoved items for dispatching back to queue")
    ),
}
