"""What agents and collectors cost at 1,000 spans/s in all, from 1, 5 and 20 services."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import agents, collectors, gateways
from bench.agents import RunningAgent
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.gateways import RunningGateway

RUNS = 3
RATE, SECONDS = 1_000, 20
COUNTS = (1, 5, 20)
KINDS = ("agents", "collectors and forwarder")
FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered", spread=True),
    Figure("cpu_ms", "processor ms/1,000 spans", 1, spread=True),
    Figure("mib", "peak MiB, all of them", 1),
)
NOTE = "Each service has an agent or collector of its own; one forwarder is for all collectors."
_MOST_SECONDS = 60.0


def run(options: Options) -> Measured:
    """Measure each kind with each number of services. Raises Skipped if a program is missing."""
    agents.find_agent()
    collectors.find_collector()
    spans = RATE * options.load(SECONDS)
    ways = {f"{count} {kind}": (kind, count) for kind in KINDS for count in COUNTS}
    samples = interleave(
        tuple(ways), options.rounds(RUNS), lambda way: _deliver(*ways[way], spans), options.say
    )
    title = f"Services: {RATE:,} spans/s in all for {spans // RATE} s"
    return Measured(title, FIGURES, samples, notes=(NOTE,))


def _deliver(kind: str, count: int, spans: int) -> Sample:
    marker = secrets.token_hex(8)
    with gateways.stand_in() as gateway, _started(kind, gateway.grpc, count) as found:
        before = sum(agent.cpu_ms() for agent in found)
        _make(found, spans // count, marker)
        delivered = _settled(gateway, marker, spans)
        used = sum(agent.cpu_ms() for agent in found) - before
        return {
            "started": spans // count * count,
            "delivered": delivered,
            "cpu_ms": 1000 * used / spans,
            "mib": sum(agent.peak_mib() for agent in found),
        }


@contextlib.contextmanager
def _started(kind: str, gateway: str, count: int) -> Iterator[Sequence[RunningAgent]]:
    with contextlib.ExitStack() as stack:
        if kind == KINDS[0]:
            made = (agents.started(gateway) for _ in range(count))
            yield [stack.enter_context(each) for each in made]
        else:
            yield _collectors(stack, gateway, count)


def _collectors(stack: contextlib.ExitStack, gateway: str, count: int) -> list[RunningAgent]:
    """Start collectors with one forwarder, which counts with the first of them."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    forwarder = stack.enter_context(collectors.forwarder(gateway, folder))
    found: list[RunningAgent] = []
    for number in range(count):
        ports, own = collectors.free_ports(), folder / str(number)
        own.mkdir()
        child = stack.enter_context(collectors.started(forwarder.address, own, ports))
        helpers = () if found else (forwarder.child,)
        found.append(RunningAgent(child, ports.compact, "", helpers))
    return found


def _make(found: Sequence[RunningAgent], spans: int, marker: str) -> None:
    """Let a service for each agent make its spans, all at the same time."""
    rate = RATE / len(found)
    options = ["--way=kit", f"--spans={spans}", f"--rate={rate}", f"--marker={marker}"]
    with contextlib.ExitStack() as stack:
        makers = [
            stack.enter_context(
                running(python("-m", "bench.spans", *options, f"--agent=127.0.0.1:{agent.port}"))
            )
            for agent in found
        ]
        for maker in makers:
            maker.result(120)


def _settled(gateway: RunningGateway, marker: str, spans: int) -> int:
    """Return how many distinct spans have arrived, once all have or the time is over."""
    deadline = time.monotonic() + _MOST_SECONDS
    while (counted := gateway.counts(marker)).distinct < spans and time.monotonic() < deadline:
        time.sleep(0.2)
    return counted.distinct
