"""Delivery of 20,000 spans made at once."""

from __future__ import annotations

from bench.delivery import BASELINE, FIGURES, Workload, measure
from bench.measure import Measured, Options

RUNS = 5
NOTE = "Dropped spans are not encoded: compare processor time only of ways that deliver all."


def run(options: Options) -> Measured:
    """Measure a burst, which overflows every queue that is shorter."""
    load = Workload(options.load(20_000))
    title = f"Burst: {load.spans:,} spans at once, gateway on loopback"
    return Measured(title, FIGURES, measure(load, options, RUNS), BASELINE, (NOTE,))
