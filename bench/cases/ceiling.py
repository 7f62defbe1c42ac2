"""Delivery at 80% of an agent's computed ceiling, and beyond what it can forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import agents
from bench.delivery import Workload, deliver
from bench.measure import Figure, Measured, Options, Sample, interleave
from sidecar.spec import Capacity

if TYPE_CHECKING:
    from bench.delivery import Start

RUNS = 3
SHARE = 0.8
ROUND_TRIPS = (50, 200)
"""ms"""
BEYOND_RATE = 5_000
"""Spans/s; an agent for BEYOND forwards at most 2,500 in packets of 50: ten workers, 200 ms."""
BEYOND = Capacity(spans_per_second=100, round_trip_ms=200)
SECONDS, BEYOND_SECONDS = 20, 40
CLIENTS: dict[str, tuple[str, Start]] = {
    "stock client, stock agent": ("stock", agents.stock),
    "sidecar_tracing, rendered agent": ("kit", agents.started),
}
FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered", spread=True),
    Figure("lost", "lost", spread=True),
    Figure("duplicates", "twice", spread=True),
    Figure("sent_packets", "packets sent", spread=True),
    Figure("agent_drops", "dropped by the agent (packets)", spread=True),
    Figure("kernel_drops", "dropped by the kernel (packets)", spread=True),
    Figure("uncounted", "sent and not counted (packets)", spread=True),
)
NOTE = (
    "The ceiling is what `sidecar plan` shows for the capacity; its packets hold ten spans, those "
    "of `sidecar_tracing` up to 50. The last rows exceed what the agent can forward in any case."
)


def run(options: Options) -> Measured:
    """Measure both clients at each load. Raises Skipped if there is no agent."""
    agents.find_agent()
    loads = {**_within(options), **_beyond(options)}
    ways = {
        f"{load}, {client}": (loads[load], CLIENTS[client]) for load in loads for client in CLIENTS
    }
    samples = interleave(
        tuple(ways), options.rounds(RUNS), lambda way: _deliver(*ways[way]), options.say
    )
    return Measured(
        "Ceiling: up to what an agent is sized for, and beyond", FIGURES, samples, notes=(NOTE,)
    )


def _within(options: Options) -> dict[str, Workload]:
    loads = {}
    for round_trip in ROUND_TRIPS:
        capacity = Capacity(round_trip_ms=round_trip)
        ceiling = agents.planned(capacity)["tuning"]["ceiling_spans_per_second"]
        rate = SHARE * ceiling
        spans = round(rate * options.load(SECONDS))
        name = f"{rate:,.0f} of {ceiling:,} spans/s at {round_trip} ms"
        loads[name] = Workload(spans, rate, round_trip, capacity)
    return loads


def _beyond(options: Options) -> dict[str, Workload]:
    spans = BEYOND_RATE * options.load(BEYOND_SECONDS)
    load = Workload(spans, BEYOND_RATE, BEYOND.round_trip_ms, BEYOND)
    return {f"{BEYOND_RATE:,} spans/s at {BEYOND.round_trip_ms} ms": load}


def _deliver(load: Workload, client: tuple[str, Start]) -> Sample:
    return deliver(load, *client)
