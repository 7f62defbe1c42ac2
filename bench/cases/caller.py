"""The cost of a span for the thread that makes it, and for the whole process."""

from __future__ import annotations

from bench import sinks
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

RUNS = 5
SPANS = 10_000
CLIENTS = {"reporter that does nothing": "nothing", **sinks.STOCK, **sinks.KIT}
SHAPES = {"tags": "six tags", "log": "one log", "unsampled": "not sampled"}
COSTS = {
    "caller_us": "µs",
    "caller_cpu_us": "processor µs of its thread",
    "cpu_us": "processor µs of the process",
}
"""The caller's wall time, which grows with the load; its processor time; that of all threads."""
FIGURES = tuple(
    Figure(f"{cost}_{shape}", f"{name}: {title}", 1, ratio=True)
    for shape, name in SHAPES.items()
    for cost, title in COSTS.items()
)
NOTE = "Stock drops most of these spans, and does not encode them: it does less work."


def run(options: Options) -> Measured:
    """Measure spans made back to back, in a fresh process per run."""
    clients = CLIENTS | sinks.others()
    with sinks.receivers() as receivers:
        spans = options.load(SPANS)
        samples = interleave(
            tuple(clients),
            options.rounds(RUNS),
            lambda way: _costs(clients[way], spans, receivers[clients[way]]),
            options.say,
        )
    title = f"Caller: cost of a span, {spans:,} made back to back"
    return Measured(title, FIGURES, samples, next(iter(CLIENTS)), (NOTE,))


def _costs(way: str, spans: int, agent: str) -> Sample:
    sample: Sample = {}
    for shape in SHAPES if way != "ddtrace" else ("tags", "unsampled"):
        options = [f"--way={way}", f"--shape={shape}", f"--spans={spans}"]
        options += [f"--agent={agent}", "--warm-up"]
        with running(python("-m", "bench.spans", *options)) as child:
            made = child.result(120)
        sample |= {f"{cost}_{shape}": made[cost] for cost in COSTS}
    return sample
