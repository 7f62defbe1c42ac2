"""What agents and collectors cost at 1,000 spans/s in all, from 1, 5 and 20 services."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import agents, collectors, gateways, relays
from bench.agents import RunningAgent
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.gateways import RunningGateway

RUNS = 3
RATE, SECONDS = 1_000, 20
COUNTS = (1, 5, 20)
AGENTS, COLLECTORS = "agents", "collectors and forwarder"
RELAYED = "collectors, relay and forwarder"
FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered", spread=True),
    Figure("cpu_ms", "processor ms/1,000 spans", 1, spread=True),
    Figure("mib", "peak MiB, all of them", 1),
)
NOTE = (
    "Each service has an agent or collector of its own; one relay and one forwarder are for all "
    "collectors. The relay is as the chart renders it, so that it needs helm on PATH."
)
_MOST_SECONDS = 60.0


def run(options: Options) -> Measured:
    """Measure each kind with each number of services. Raises Skipped if a program is missing."""
    agents.find_agent()
    collectors.find_collector()
    spans = RATE * options.load(SECONDS)
    kinds = (AGENTS, COLLECTORS, *([RELAYED] if relays.can_render() else ()))
    ways = {f"{count} {kind}": (kind, count) for kind in kinds for count in COUNTS}
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
        if kind == AGENTS:
            made = (agents.started(gateway) for _ in range(count))
            yield [stack.enter_context(each) for each in made]
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            parts = _shared(stack, gateway, folder, relayed=kind == RELAYED)
            yield [_collector(stack, folder / str(each), parts, each) for each in range(count)]


def _shared(
    stack: contextlib.ExitStack, gateway: str, folder: Path, *, relayed: bool
) -> list[collectors.Part]:
    """Start what all collectors share; they send to the last one."""
    parts = [stack.enter_context(collectors.forwarder(gateway, folder))]
    if relayed:
        own = folder / "relay"
        own.mkdir()
        parts.append(stack.enter_context(relays.started(parts[-1].address, own)))
    return parts


def _collector(
    stack: contextlib.ExitStack, folder: Path, parts: Sequence[collectors.Part], number: int
) -> RunningAgent:
    """Start a service's collector; what all share counts with the first."""
    ports = collectors.free_ports()
    folder.mkdir()
    child = stack.enter_context(collectors.started(parts[-1].address, folder, ports))
    helpers = () if number else tuple(part.child for part in parts)
    return RunningAgent(child, ports.compact, "", helpers)


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
