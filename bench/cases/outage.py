"""What survives an outage of the gateway, with the agent or collector killed half-way."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import agents, collectors, gateways
from bench.children import Child, python, running
from bench.measure import Figure, Measured, Options, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.gateways import RunningGateway

    Start = Callable[[], contextlib.AbstractContextManager[Child]]

SECONDS = 300
RATE = 500
AGENT, COLLECTOR = "sidecar_tracing, rendered agent", "sidecar_tracing, rendered collector"
FIGURES = (
    Figure("started", "started"),
    Figure("delivered", "delivered"),
    Figure("delivered_percent", "%", 2),
    Figure("duplicates", "twice"),
    Figure("first_s", "s until the first arrived", 1),
    Figure("rate", "spans/s from then on"),
    Figure("peak_mib", "peak MiB", 1),
)
NOTE = (
    "The gateway is away from the first span to the last; the agent or collector is killed (-9) "
    "half-way, and starts again at once. Twice: counted by id at the gateway."
)
_QUIET_SECONDS = 20.0
_MOST_SECONDS = 180.0
_POLL_SECONDS = 0.2


@dataclass
class _Way:
    """One agent or collector, and the service that reports to it."""

    start: Start
    port: int
    marker: str


@dataclass(frozen=True)
class _Arrival:
    """What has arrived of a way's spans, and when the first and last of them did."""

    accepted: int = 0
    distinct: int = 0
    first: float = 0.0
    """Seconds since the gateway came, as the next."""
    last: float = 0.0


def run(options: Options) -> Measured:
    """Measure both ways at the same time, in one outage."""
    agents.find_agent()
    collectors.find_collector()
    seconds = options.load(SECONDS)
    spans, port = RATE * seconds, agents.free_port(socket.SOCK_STREAM)
    with (
        tempfile.TemporaryDirectory() as folder,
        _ways(port, Path(folder)) as ways,
        _killed_half_way(ways, seconds, spans) as children,
        gateways.stand_in(port=port) as gateway,
    ):
        arrivals = _settled(gateway, ways, spans)
        samples = {name: [_sample(arrivals[name], spans, children[name])] for name in ways}
    title = f"Outage of {seconds} s at {RATE} spans/s, killed half-way"
    return Measured(title, FIGURES, samples, notes=(NOTE,))


@contextlib.contextmanager
def _ways(gateway_port: int, folder: Path) -> Iterator[dict[str, _Way]]:
    gateway = f"127.0.0.1:{gateway_port}"
    compact, admin = agents.free_port(socket.SOCK_DGRAM), agents.free_port(socket.SOCK_STREAM)
    ports = collectors.free_ports()
    with collectors.forwarder(gateway, folder) as forwarder:
        yield {
            AGENT: _Way(
                lambda: agents.process(gateway, compact, admin), compact, secrets.token_hex(8)
            ),
            COLLECTOR: _Way(
                lambda: collectors.started(forwarder.address, folder, ports),
                ports.compact,
                secrets.token_hex(8),
            ),
        }


@contextlib.contextmanager
def _killed_half_way(ways: dict[str, _Way], seconds: int, spans: int) -> Iterator[dict[str, Child]]:
    """Make all spans; yield what runs then."""
    with contextlib.ExitStack() as stack:
        first = {name: stack.enter_context(way.start()) for name, way in ways.items()}
        makers = [stack.enter_context(_maker(way, spans)) for way in ways.values()]
        time.sleep(seconds / 2)
        for child in first.values():
            os.kill(child.pid, signal.SIGKILL)
        second = {name: stack.enter_context(way.start()) for name, way in ways.items()}
        for maker in makers:
            maker.result(seconds + 60)
        yield second


def _maker(way: _Way, spans: int) -> contextlib.AbstractContextManager[Child]:
    options = ["--way=kit", f"--spans={spans}", f"--rate={RATE}", f"--marker={way.marker}"]
    return running(python("-m", "bench.spans", *options, f"--agent=127.0.0.1:{way.port}"))


def _settled(gateway: RunningGateway, ways: dict[str, _Way], spans: int) -> dict[str, _Arrival]:
    """Wait until all spans of all ways have arrived, or nothing comes any more."""
    began = time.monotonic()
    found = {name: _Arrival() for name in ways}
    while any(each.distinct < spans for each in found.values()):
        now = time.monotonic() - began
        if now > min(_MOST_SECONDS, max(each.last for each in found.values()) + _QUIET_SECONDS):
            break
        for name, way in ways.items():
            counted = gateway.counts(way.marker)
            if counted.accepted != found[name].accepted:
                first = found[name].first or now
                found[name] = _Arrival(counted.accepted, counted.distinct, first, now)
        time.sleep(_POLL_SECONDS)
    return found


def _sample(arrival: _Arrival, spans: int, child: Child) -> Sample:
    draining = max(arrival.last - arrival.first, _POLL_SECONDS)
    recovery = {"first_s": arrival.first, "rate": arrival.distinct / draining}
    return {
        "started": spans,
        "delivered": arrival.distinct,
        "delivered_percent": 100 * arrival.distinct / spans,
        "duplicates": arrival.accepted - arrival.distinct,
        **(recovery if arrival.distinct else {}),
        "peak_mib": child.peak_mib(),
    }
