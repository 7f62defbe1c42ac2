"""Delivery of 2,000 spans/s for 10 s with the gateway 200 ms away."""

from __future__ import annotations

from bench.delivery import BASELINE, FIGURES, Workload, measure
from bench.measure import Measured, Options

RUNS = 3
RATE = 2_000
LATENCY_MS = 200


def run(options: Options) -> Measured:
    """Measure the load for which agents are tuned by default."""
    seconds = options.load(10)
    load = Workload(RATE * seconds, RATE, LATENCY_MS)
    title = f"Steady: {RATE:,} spans/s for {seconds} s, the gateway answers after {LATENCY_MS} ms"
    return Measured(title, FIGURES, measure(load, options, RUNS), BASELINE)
