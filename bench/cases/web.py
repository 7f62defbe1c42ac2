"""How long a web request takes, traced and not."""

from __future__ import annotations

import http.client
import statistics
import time
from typing import TYPE_CHECKING

import psutil

from bench import opentelemetry_spans, sinks
from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

if TYPE_CHECKING:
    from bench.children import Child

RUNS = 3
REQUESTS = 3_000
WARM_UP = 200
KINDS = {"wsgi": "WSGI (gunicorn)", "asgi": "ASGI (uvicorn)"}
CLIENTS = {"no tracing": "off", "stock": "stock", **sinks.KIT}
COSTS = {"p50_us": "p50 µs", "p99_us": "p99 µs", "cpu_us": "server's processor µs"}
FIGURES = tuple(
    Figure(f"{cost}_{kind}", f"{name}: {title}", ratio=True)
    for kind, name in KINDS.items()
    for cost, title in COSTS.items()
)
NOTE = "One connection, one request at a time; an answer has 2 kB, and a request one span."


def run(options: Options) -> Measured:
    """Measure requests to a server with one worker, new for each way, kind and run."""
    clients = CLIENTS | sinks.others()
    if not opentelemetry_spans.has_middleware():
        clients = {name: way for name, way in clients.items() if way != "otel"}
    count = options.load(REQUESTS)
    with sinks.receivers() as receivers:
        samples = interleave(
            tuple(clients),
            options.rounds(RUNS),
            lambda way: _costs(clients[way], count, receivers[clients[way]]),
            options.say,
        )
    return Measured(f"Web: {count:,} requests", FIGURES, samples, next(iter(CLIENTS)), (NOTE,))


def _costs(way: str, count: int, agent: str) -> Sample:
    sample: Sample = {}
    for kind in KINDS:
        command = ("bench.web_service", f"--kind={kind}", f"--way={way}", f"--agent={agent}")
        with running(python("-m", *command)) as child:
            connection = http.client.HTTPConnection("127.0.0.1", int(child.line()), timeout=30)
            _ask(connection, WARM_UP)
            before = _processor(child)
            took = sorted(_ask(connection, count))
            used = _processor(child) - before
            connection.close()
        found = {"p50_us": statistics.median(took), "p99_us": took[len(took) * 99 // 100]}
        found["cpu_us"] = used / count
        sample |= {f"{cost}_{kind}": value * 1e6 for cost, value in found.items()}
    return sample


def _ask(connection: http.client.HTTPConnection, count: int) -> list[float]:
    """Return the seconds of each request."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", "/items")
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"the web service answers {answer.status}")
    return took


def _processor(child: Child) -> float:
    """Return the seconds of processor time of a server, its workers included."""
    server = psutil.Process(child.pid)
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)
