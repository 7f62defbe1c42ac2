"""One delivery: a service, an agent and a gateway, each fresh; what arrived of what was started."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import agents, gateways
from bench.children import python, running
from bench.measure import Figure, Options, Sample, interleave

if TYPE_CHECKING:
    from bench.agents import Agent
    from bench.gateways import Gateway

WAYS = {
    "stock client, stock agent": ("stock", False),
    "stock client + our settings, rendered agent": ("settings", True),
    "sidecar_tracing, rendered agent": ("kit", True),
}
"""Way → the client's way, and whether the agent has the rendering's arguments."""
BASELINE = next(iter(WAYS))

FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered", spread=True),
    Figure("delivered_percent", "%", 2),
    Figure("duplicates", "twice", spread=True),
    Figure("kernel_drops", "kernel drops (packets)", spread=True),
    Figure("agent_drops", "agent drops (packets)", spread=True),
    Figure("agent_peak_mib", "agent's peak MiB", 1),
    Figure("caller_us", "caller µs/span", 1, ratio=True),
    Figure("cpu_us", "process µs/span", 1, ratio=True),
)

_QUIET_SECONDS = 3.0
"""No call to a gateway takes longer than its latency, so nothing more comes after this."""
_MOST_SECONDS = 90.0
_DUPLICATES_SECONDS = 0.5


@dataclass(frozen=True)
class Load:
    """What the service does."""

    spans: int
    rate: float = 0.0
    """Spans/s; 0: at once."""
    latency_ms: int = 0
    """Of the gateway."""


def measure(load: Load, options: Options, runs: int) -> dict[str, list[Sample]]:
    """Measure every way. Raises Skipped where no agent is."""
    agents.find_agent()
    return interleave(
        tuple(WAYS), options.rounds(runs), lambda way: deliver(load, *WAYS[way]), options.say
    )


def deliver(load: Load, client: str, rendered: bool) -> Sample:
    """Return the figures of one delivery."""
    marker = secrets.token_hex(8)
    with (
        gateways.stand_in(load.latency_ms) as gateway,
        agents.started(gateway.grpc, rendered=rendered) as agent,
    ):
        made = _make(load, client, agent, marker)
        distinct, accepted = _settle(gateway, agent, marker, load.spans)
        counted = agent.counts()
        return {
            "started": load.spans,
            "delivered": distinct,
            "delivered_percent": 100 * distinct / load.spans,
            "duplicates": accepted - distinct,
            "kernel_drops": counted.kernel_drops,
            "agent_drops": counted.packets_dropped,
            "agent_failed": counted.spans_failed,
            "agent_peak_mib": agent.child.peak_mib(),
            **{key: made[key] for key in ("caller_us", "cpu_us", "close_s")},
        }


def _make(load: Load, client: str, agent: Agent, marker: str) -> Sample:
    options = [
        f"--way={client}",
        f"--spans={load.spans}",
        f"--rate={load.rate}",
        f"--marker={marker}",
    ]
    with running(python("-m", "bench.spans", *options, f"--agent=127.0.0.1:{agent.port}")) as child:
        made: Sample = child.result(120)
    return made


def _settle(gateway: Gateway, agent: Agent, marker: str, spans: int) -> tuple[int, int]:
    """Return distinct and accepted spans once all arrived, or once nothing changes for a while."""
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
