"""A tracer's counts for Prometheus, in one process and in prometheus_client's multi-process mode.

Both have one source, `stats()`, so started = sent + dropped + queued + unfinished in each of them.
A sent packet that may still be refused counts as queued here, for a counter never goes down.
"""

# ruff: noqa: ANN401 - tracers of jaeger-client have a reporter of any kind

from __future__ import annotations

import itertools
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.values import MultiProcessValue

from sidecar_tracing.ledger import REASONS
from sidecar_tracing.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: the folder that a server's processes share."""

COUNTERS = {
    "started_spans": "Sampled spans that were started",
    "sent_spans": "Spans sent to the agent's address, and not refused",
    "dropped_spans": "Spans that were not delivered, by reason",
    "sampled_out_spans": "Spans that the sampler excluded",
    "sent_packets": "UDP packets of the sent spans",
    "repaired_tags": "Tags that could not be encoded as they are",
    "ignored_headers": "Trace headers of requests that were not valid",
}
GAUGES = {
    "queued_spans": "Finished spans that are neither sent nor dropped",
    "unfinished_spans": "Started spans that are not finished",
}
_Counts = dict[str, dict[tuple[str, ...], int]]
_PREFIX = "sidecar_tracing"
_LABELS = ("service",)
_FILE_BYTES = 65_536
"""What prometheus_client gives a file at first: our counts take less."""
_numbers = itertools.count()


def expose(tracer: Any, registry: CollectorRegistry = REGISTRY) -> None:
    """Show a tracer's counts in the registry, or with those of the other processes.

    Where PROMETHEUS_MULTIPROC_DIR is set, the counts are written to a file there after each packet
    and at the end of the process, and prometheus_client's MultiProcessCollector adds them up.
    Raises TypeError if the tracer was created with a reporter that does not count.
    """
    if not isinstance(tracer.reporter, Reporter):
        raise TypeError(f"{type(tracer.reporter).__name__} does not count spans")
    if os.environ.get(MULTIPROC):
        tracer.reporter.export_by(lambda: _File(tracer).write)
    else:
        _live.setdefault(registry, _Live()).show(tracer, registry)


def _counts(tracer: Any) -> _Counts:
    """Return the numbers of each metric by its labels' values."""
    ledger, service = tracer.reporter.ledger, tracer.service_name
    found = ledger.stats()
    sent = min(found.sent, ledger.settled)
    numbers = {
        "started_spans": found.started,
        "sent_spans": sent,
        "sampled_out_spans": found.sampled_out,
        "sent_packets": found.packets,
        "repaired_tags": found.repaired_tags,
        "ignored_headers": tracer.ignored_headers,
        "queued_spans": found.queued + found.sent - sent,
        "unfinished_spans": found.unfinished,
    }
    counts: _Counts = {name: {(service,): number} for name, number in numbers.items()}
    counts["dropped_spans"] = {
        (service, reason): found.dropped.get(reason, 0) for reason in REASONS
    }
    return counts


def _labels(name: str) -> tuple[str, ...]:
    return (*_LABELS, "reason") if name == "dropped_spans" else _LABELS


class _Live(Collector):
    """Reads the counts at each scrape."""

    def __init__(self) -> None:
        self._tracers: list[Any] = []

    def show(self, tracer: Any, registry: CollectorRegistry) -> None:
        """Add a tracer; tracers of one service are added up."""
        self._tracers.append(tracer)
        if len(self._tracers) == 1:
            registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics, all of one moment."""
        counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        for tracer in self._tracers:
            for name, numbers in _counts(tracer).items():
                counts[name].update(numbers)
        kinds = ((CounterMetricFamily, COUNTERS), (GaugeMetricFamily, GAUGES))
        for family, texts in kinds:
            for name, text in texts.items():
                metric = family(f"{_PREFIX}_{name}", text, labels=_labels(name))
                for values, number in counts[name].items():
                    metric.add_metric(values, number)
                yield metric


_live: WeakKeyDictionary[CollectorRegistry, _Live] = WeakKeyDictionary()


class _File:
    """This process's counts in the shared folder; made by the process that writes."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer
        self._values: dict[tuple[str, tuple[str, ...]], tuple[Any, float]] = {}
        # values of its own: a lock of others could be held while a process forks
        name = f"{os.getpid()}-tracing-{next(_numbers)}"
        for kind in ("counter", "gauge_sum"):
            _reserve(Path(os.environ[MULTIPROC]) / f"{kind}_{name}.db")
        self._kind = MultiProcessValue(lambda: name)  # type: ignore[no-untyped-call]

    def write(self) -> None:
        """Write the counts, on top of those of an ended process with the same ID."""
        for name, numbers in _counts(self._tracer).items():
            for labels, number in numbers.items():
                key = (name, labels)
                if key not in self._values:
                    value = self._value(name, labels)
                    self._values[key] = (value, value.get())
                value, base = self._values[key]
                value.set(base + number)

    def _value(self, name: str, labels: tuple[str, ...]) -> Any:
        metric, is_counter = f"{_PREFIX}_{name}", name in COUNTERS
        sample, kind = (f"{metric}_total", "counter") if is_counter else (metric, "gauge")
        text = COUNTERS[name] if is_counter else GAUGES[name]
        mode = "" if is_counter else "sum"
        return self._kind(kind, metric, sample, _labels(name), labels, text, multiprocess_mode=mode)


def _reserve(file: Path) -> None:
    """Take a file's room before prometheus_client maps it to memory. Raises OSError without room.

    It makes a file that has none. A write to it on a full disk is SIGBUS, the end of the process.
    """
    with file.open("ab") as opened:
        try:
            if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
                os.posix_fallocate(opened.fileno(), 0, _FILE_BYTES)
        except OSError:
            if not opened.tell():  # whoever adds up the counts cannot read an empty one
                file.unlink()
            raise
