"""Delivery of 2,000 spans/s for 10 s with the gateway 200 ms away."""

from __future__ import annotations

from bench.delivery import BASELINE, FIGURES, Load, measure
from bench.measure import Measured, Options

RUNS = 3
RATE = 2_000
LATENCY_MS = 200


def run(options: Options) -> Measured:
    """Measure; the default capacity of the tuning is exactly this load."""
    seconds = options.load(10)
    load = Load(RATE * seconds, RATE, LATENCY_MS)
    title = f"Steady: {RATE:,} spans/s for {seconds} s, the gateway answers after {LATENCY_MS} ms"
    return Measured(title, FIGURES, measure(load, options, RUNS), BASELINE)
