"""One delivery by a new service, agent and stand-in: how many of the started spans arrive."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import agents, collectors, gateways
from bench.children import python, running
from bench.measure import Figure, Options, Sample, interleave
from sidecar.rules.kinds import PACKETS

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bench.agents import RunningAgent
    from bench.gateways import RunningGateway
    from sidecar.spec import Capacity
    from sidecar.verify.counts import AgentCounts

    Start = Callable[[str, Capacity], AbstractContextManager[RunningAgent]]

WAYS: dict[str, tuple[str, Start]] = {
    "stock client, stock agent": ("stock", agents.stock),
    "stock client + our settings, rendered agent": ("settings", agents.started),
    "sidecar_tracing, rendered agent": ("kit", agents.started),
    "sidecar_tracing, rendered collector": ("kit", collectors.reporting),
}
"""Way → the client's way, and what starts its agent for a gateway and a capacity."""
BASELINE = next(iter(WAYS))

FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered", spread=True),
    Figure("delivered_percent", "%", 2),
    Figure("duplicates", "twice", spread=True),
    Figure("kernel_drops", "kernel drops (packets)", spread=True),
    Figure("agent_drops", "agent drops (packets)", spread=True),
    Figure("agent_peak_mib", "agent's peak MiB", 1),
    Figure("agent_cpu_ms", "agent's processor ms/1,000 spans", 1),
    Figure("caller_us", "caller µs/span", 1, ratio=True),
    Figure("cpu_us", "process µs/span", 1, ratio=True),
)

_QUIET_SECONDS = 3.0
"""No call to a gateway takes longer than its latency, so nothing arrives after this time."""
_MOST_SECONDS = 90.0
_DUPLICATES_SECONDS = 0.5


@dataclass(frozen=True)
class Workload:
    """The spans that the service makes, and the latency of the gateway."""

    spans: int
    rate: float = 0.0
    """Spans/s; 0 means at once."""
    latency_ms: int = 0
    capacity: Capacity = agents.DEFAULT
    """For which agents are sized."""


def measure(load: Workload, options: Options, runs: int) -> dict[str, list[Sample]]:
    """Measure every way. Raises Skipped if there is no agent, or no collector."""
    agents.find_agent()
    collectors.find_collector()
    return interleave(
        tuple(WAYS), options.rounds(runs), lambda way: deliver(load, *WAYS[way]), options.say
    )


def deliver(load: Workload, client: str, start: Start) -> Sample:
    """Return the figures of one delivery."""
    marker = secrets.token_hex(8)
    with (
        gateways.stand_in(load.latency_ms) as gateway,
        start(gateway.grpc, load.capacity) as agent,
    ):
        before = agent.cpu_ms()
        made = _make(load, client, agent, marker)
        distinct, accepted = _settle(gateway, agent, marker, load.spans)
        counted = agent.counts()
        return {
            **_uncounted(made, counted),
            "started": load.spans,
            "delivered": distinct,
            "delivered_percent": 100 * distinct / load.spans,
            "lost": load.spans - distinct,
            "duplicates": accepted - distinct,
            "kernel_drops": counted.kernel_drops,
            "agent_drops": counted.packets_dropped,
            "agent_failed": counted.spans_failed,
            "agent_peak_mib": agent.peak_mib(),
            "agent_cpu_ms": 1000 * (agent.cpu_ms() - before) / load.spans,
            **{key: made[key] for key in ("caller_us", "cpu_us", "close_s")},
        }


def _uncounted(made: Sample, counted: AgentCounts) -> Sample:
    """Return the sent packets that neither agent nor kernel counted, if the client counts its own.

    A collector counts spans instead.
    """
    if not made.get("packets") or counted.unit != PACKETS:
        return {}
    seen = counted.packets_processed + counted.packets_dropped + counted.kernel_drops
    return {"sent_packets": made["packets"], "uncounted": made["packets"] - seen}


def _make(load: Workload, client: str, agent: RunningAgent, marker: str) -> Sample:
    options = [f"--way={client}", f"--spans={load.spans}", f"--rate={load.rate}"]
    options += [f"--marker={marker}", f"--agent=127.0.0.1:{agent.port}"]
    with running(python("-m", "bench.spans", *options)) as child:
        made: Sample = child.result(_MOST_SECONDS + (load.spans / load.rate if load.rate else 0))
    return made


def _settle(
    gateway: RunningGateway, agent: RunningAgent, marker: str, spans: int
) -> tuple[int, int]:
    """Return the distinct and accepted spans, once all arrived or nothing changes any more."""
    deadline = time.monotonic() + _MOST_SECONDS
    last, moved_at = (-1, -1), time.monotonic()
    while time.monotonic() < min(deadline, moved_at + _QUIET_SECONDS):
        counted = gateway.counts(marker)
        if (now := (counted.accepted, agent.counts().packets_processed)) != last:
            last, moved_at = now, time.monotonic()
        if counted.distinct >= spans:
            time.sleep(_DUPLICATES_SECONDS)
            break
        time.sleep(0.1)
    counted = gateway.counts(marker)
    return counted.distinct, counted.accepted
