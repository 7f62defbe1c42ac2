"""The totals in the text format of Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from sidecar.stand_in.state import State

_PREFIX = "sidecar_gateway"


class Exposition(Collector):
    """Reads the stand-in's totals at scrape time, so that counting costs nothing extra."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the metric families."""
        totals = self._state.counters()
        yield _counter("batches", "Batches by what became of them", "result", totals["batches"])
        yield from _of_spans(totals["spans"])
        for name, unit in (("spans", "Spans in"), ("traces", "Traces in"), ("bytes", "Bytes of")):
            text = f"{unit} the store"
            yield GaugeMetricFamily(f"{_PREFIX}_stored_{name}", text, totals["store"][name])
        forms = {form: totals["otlp"][form] for form in ("grpc", "http")}
        yield _counter("otlp_calls", "Calls that brought OTLP", "form", forms)
        exposed = totals["otlp"]["exposed"]
        yield CounterMetricFamily(
            f"{_PREFIX}_exposed_batches", "OTLP batches with a token in a tag", exposed
        )
        if totals["udp"]:
            known = {name: count for name, count in totals["udp"].items() if count is not None}
            yield _counter("datagrams", "Datagrams at the agent's port", "event", known)


def _of_spans(totals: dict[str, Any]) -> Iterator[Metric]:
    refused = {f"refused_{reason}": count for reason, count in totals["refused"].items()}
    # evicted spans are accepted ones: a result of its own would count them twice
    apart = ("refused", "evicted")
    results = {name: count for name, count in totals.items() if name not in apart}
    yield _counter("spans", "Spans by what became of them", "result", {**results, **refused})
    text = "Spans that left the bounded store"
    yield CounterMetricFamily(f"{_PREFIX}_spans_evicted", text, totals["evicted"])


def _counter(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
