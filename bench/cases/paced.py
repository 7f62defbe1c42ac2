"""The processor time of a whole process that makes 2,000 spans/s."""

from __future__ import annotations

from bench import sinks
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

RUNS = 3
RATE = 2_000
CLIENTS = sinks.STOCK | sinks.KIT
FIGURES = (
    Figure("cpu_us", "processor µs of the process per span", 1, ratio=True),
    Figure("caller_us", "caller µs/span", 1, ratio=True),
)


def run(options: Options) -> Measured:
    """Measure spans with six tags and a log at a steady rate, in a fresh process per run."""
    clients = CLIENTS | sinks.others()
    seconds = options.load(10)
    with sinks.receivers() as receivers:
        samples = interleave(
            tuple(clients),
            options.rounds(RUNS),
            lambda way: _cost(clients[way], RATE * seconds, receivers[clients[way]]),
            options.say,
        )
    title = f"Paced: {RATE:,} spans/s for {seconds} s"
    return Measured(title, FIGURES, samples, next(iter(CLIENTS)))


def _cost(way: str, spans: int, agent: str) -> Sample:
    options = [f"--way={way}", f"--spans={spans}", f"--rate={RATE}", f"--agent={agent}"]
    with running(python("-m", "bench.spans", *options, "--warm-up")) as child:
        made = child.result(120)
    return {key: made[key] for key in ("cpu_us", "caller_us")}
