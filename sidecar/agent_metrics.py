"""The counters of an agent of either kind, from the text of its /metrics.

Standard library only: a short-lived container reads them where the agent has no shell.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

from sidecar.rules import kinds
from sidecar.rules.collectors import SPAN_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CALLS = "rpc_client_call_duration_count"
_FAILED = "otelcol_exporter_send_failed_spans"
_UNANSWERED = ("DEADLINE_EXCEEDED", "CANCELLED", "UNAVAILABLE")
"""How a collector's calls end that nobody answered, or that it repeats."""
_SIZES = (
    ("otelcol_exporter_enqueue_size_bytes_sum", "otelcol_exporter_enqueue_size_sum"),
    (
        "otelcol_exporter_queue_batch_send_size_bytes_sum",
        "otelcol_exporter_queue_batch_send_size_sum",
    ),
)
"""Bytes and spans: of what came into a collector's queue, and of what left it."""
_SAMPLE = re.compile(
    r"(?P<name>\w+?)(_total)?(\{(?P<labels>[^}]*)\})? (?P<value>[0-9.]+(e[+-]?[0-9]+)?)"
)
_STATUS = re.compile(r'rpc_response_status_code="(\w+)"')
_ERROR = re.compile(r'error_type="(\w+)"')


def totals(text: str) -> dict[str, int]:
    """Return field → total over all labels, of the counters that the text has."""
    kind = kinds.of_text(text)
    samples = _samples(text)
    found: dict[str, float] = {}
    age = None
    for name, labels, value in samples:
        if name == kind.age:
            age = value
        elif field := _field(kind, name, labels):
            found[field] = found.get(field, 0.0) + value
    if age is not None:
        found["started"] = int(time.time() - age)
        found.setdefault("connected", 1)
    if kind is kinds.COLLECTOR:
        found.update(_in_spans(found, _span_bytes(samples)))
    return {field: int(total) for field, total in found.items()}


def _in_spans(found: Mapping[str, float], size: float) -> dict[str, float]:
    """Return a collector's queue and its capacity in spans of a size; it counts bytes.

    What came since the collector started and has not left it waits at least: an estimate below that
    would take spans that wait for sent.
    """
    spans = {name: found[name] / size for name in ("capacity", "queue") if name in found}
    if spans.get("queue"):
        left = found.get("spans_submitted", 0) + found.get("spans_failed", 0)
        spans["queue"] = max(spans["queue"], found.get("packets_processed", 0) - left)
    # a queue with anything in it is not empty
    return {name: math.ceil(round(value, 3)) for name, value in spans.items()}


def _span_bytes(samples: Iterable[tuple[str, str, float]]) -> float:
    """Return the mean size of a span in a collector's queue; where it tells none, the planned."""
    sums: dict[str, float] = {}
    for name, _, value in samples:
        sums[name] = sums.get(name, 0.0) + value
    means = (sums[total] / sums[spans] for total, spans in _SIZES if sums.get(spans))
    return next(filter(None, means), SPAN_BYTES)


def failures(text: str) -> dict[str, int]:
    """Return gRPC status → spans that a collector gave up for it; empty for a jaeger-agent."""
    found: Counter[str] = Counter()
    for name, labels, value in _samples(text):
        if name == _FAILED and value and (error := _ERROR.search(labels)):
            found[error[1]] += int(value)
    return dict(found)


def _samples(text: str) -> list[tuple[str, str, float]]:
    found = (_SAMPLE.fullmatch(line) for line in text.splitlines())
    return [(one["name"], one["labels"] or "", float(one["value"])) for one in found if one]


def _field(kind: kinds.Kind, name: str, labels: str) -> str | None:
    if name == _CALLS:
        status = _STATUS.search(labels)
        return _answered(status[1]) if status else None
    return kind.metrics.get(name)


def _answered(status: str) -> str | None:
    if status in _UNANSWERED:
        return None
    return "batches_submitted" if status == "OK" else "batches_failed"
