"""Delivery of 5,000 spans/s for 60 s."""

from __future__ import annotations

from bench.delivery import BASELINE, FIGURES, Workload, measure
from bench.measure import Measured, Options
from sidecar.spec import Capacity

RUNS = 3
CAPACITY = Capacity(spans_per_second=5_000)


def run(options: Options) -> Measured:
    """Measure agents that are sized for this rate, beside the stock one."""
    rate, seconds = CAPACITY.spans_per_second, options.load(60)
    load = Workload(rate * seconds, rate, capacity=CAPACITY)
    title = f"Sustained: {rate:,} spans/s for {seconds} s, gateway on loopback"
    return Measured(title, FIGURES, measure(load, options, RUNS), BASELINE)
