"""Delivery of 20,000 spans made at once."""

from __future__ import annotations

from bench.delivery import BASELINE, FIGURES, Load, measure
from bench.measure import Measured, Options

RUNS = 5
NOTE = "A dropped span is not encoded: compare processor time only between ways that deliver all."


def run(options: Options) -> Measured:
    """Measure; a burst overruns every queue that is too short for it."""
    load = Load(options.load(20_000))
    title = f"Burst: {load.spans:,} spans at once, gateway on loopback"
    return Measured(title, FIGURES, measure(load, options, RUNS), BASELINE, (NOTE,))
