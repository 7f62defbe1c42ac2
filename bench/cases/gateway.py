"""The stand-in's PostSpans and that of a bare grpc.aio server, under load of another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import gateways
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

if TYPE_CHECKING:
    from bench.gateways import RunningGateway

RUNS = 7
BATCHES = 3_000
SPANS_PER_BATCH = 50
FIGURES = (
    Figure("spans_per_s", "spans/s", 0, ratio=True),
    Figure("server_us", "server's processor µs/batch", 0, ratio=True),
    Figure("failed", "failed calls"),
)
BARE, OURS = (
    "bare grpc.aio server, only counts",
    "sidecar gateway: checks the token, keeps the traces",
)


def run(options: Options) -> Measured:
    """Measure both servers, which run all the time; only one is under load at a time."""
    batches = options.load(BATCHES)
    with gateways.bare() as bare, gateways.stand_in() as ours:
        servers = {BARE: bare, OURS: ours}
        for server in servers.values():
            _load(server, batches // 10 + 1)  # warms it up
        samples = interleave(
            tuple(servers),
            options.rounds(RUNS),
            lambda way: _load(servers[way], batches),
            options.say,
        )
    title = (
        f"Gateway: PostSpans, {batches:,} batches of {SPANS_PER_BATCH} spans, 32 calls at a time"
    )
    return Measured(title, FIGURES, samples, BARE)


def _load(server: RunningGateway, batches: int) -> Sample:
    before = server.child.cpu_microseconds()
    options = [f"--target={server.grpc}", f"--batches={batches}", f"--spans={SPANS_PER_BATCH}"]
    with running(python("-m", "bench.calls", *options)) as child:
        made = child.result(120)
    return {
        "spans_per_s": batches * SPANS_PER_BATCH / made["seconds"],
        "server_us": (server.child.cpu_microseconds() - before) / batches,
        "failed": made["failed"],
    }
