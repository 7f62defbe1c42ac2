"""A service as a process that makes spans in one of six ways (`python -m bench.spans --help`)."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import jaeger_client
import sidecar_tracing
from jaeger_client.reporter import NullReporter

from bench import ddtrace_spans, opentelemetry_spans

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeSpan = Callable[[], None]

SETTINGS = {"reporter_queue_size": 100_000, "reporter_batch_size": 50}
WAYS = ("nothing", "stock", "settings", "kit", "otel", "ddtrace")
"""A null reporter; jaeger-client's defaults; the same with SETTINGS; sidecar_tracing's defaults;
OpenTelemetry's SDK and ddtrace, where they are installed."""
SHAPES = ("tags", "log", "service", "unsampled")
"""Six tags; one log; both, as delivery is measured; six tags of a span that is not sampled."""
CLOSE_SECONDS = 30.0
_WARM_UP = 200


def main() -> int:
    """Make the spans, close, and print the cost as one JSON object."""
    args = _arguments()
    sampled = args.shape != "unsampled"
    if args.way == "otel":
        tracer = opentelemetry_spans.make_provider(args.agent, sampled)
        make = opentelemetry_spans.maker(tracer, args.shape, tags_of(args.marker))
    elif args.way == "ddtrace":
        tracer = ddtrace_spans.make_tracer(args.agent, sampled)
        make = ddtrace_spans.maker(tracer, args.shape, tags_of(args.marker))
    else:
        tracer = make_tracer(args.way, args.agent, sampled)
        make = maker(tracer, args.shape, args.marker)
    for _ in range(_WARM_UP if args.warm_up else 0):
        make()
    time.sleep(1.5 if args.warm_up else 0)  # until the flush is over, so that it is not measured
    processor, thread = time.process_time(), time.thread_time()
    caller = _at_rate(make, args.spans, args.rate) if args.rate else _at_once(make, args.spans)
    thread, closing = time.thread_time() - thread, time.perf_counter()
    close(tracer)
    result = {
        "started": args.spans,
        "caller_us": caller / args.spans * 1e6,
        "caller_cpu_us": thread / args.spans * 1e6,
        "cpu_us": (time.process_time() - processor) / args.spans * 1e6,
        "close_s": time.perf_counter() - closing,
        **({"packets": tracer.stats().packets} if args.way == "kit" else {}),
    }
    print(json.dumps(result))
    return 0


def make_tracer(way: str, agent: str, sampled: bool = True) -> Any:  # noqa: ANN401 - no types
    """Return a tracer that samples everything or nothing, and reports to the agent at HOST:PORT."""
    if way == "nothing":
        return jaeger_client.Tracer("bench", NullReporter(), jaeger_client.ConstSampler(sampled))
    host, _, port = agent.rpartition(":")
    settings: dict[str, Any] = {
        "sampler": {"type": "const", "param": int(sampled)},
        "local_agent": {"reporting_host": host, "reporting_port": int(port)},
        **(SETTINGS if way == "settings" else {}),
    }
    config = sidecar_tracing.Config if way == "kit" else jaeger_client.Config
    return config(settings, service_name="bench", validate=True).new_tracer()


def maker(tracer: Any, shape: str, marker: str) -> MakeSpan:  # noqa: ANN401
    """Return a function that starts and finishes one span."""
    tags = tags_of(marker)

    def with_tags() -> None:
        tracer.start_span("GET /orders", tags=tags).finish()

    def with_log() -> None:
        span = tracer.start_span("GET /orders")
        span.log_kv({"event": "cache", "hit": True})
        span.finish()

    def with_both() -> None:
        span = tracer.start_span("GET /orders", tags=tags)
        span.log_kv({"event": "cache", "hit": True})
        span.finish()

    makers = {"tags": with_tags, "log": with_log, "service": with_both, "unsampled": with_tags}
    return makers[shape]


def tags_of(marker: str) -> dict[str, Any]:
    """Return the six tags."""
    return {
        "span.kind": "server",
        "component": "bench",
        "http.method": "GET",
        "http.url": "http://shop.example/orders/12345?expand=items",
        "http.status_code": 200,
        "sidecar.marker": marker,
    }


def _at_once(make: MakeSpan, spans: int) -> float:
    """Return the seconds that the caller spent."""
    began = time.perf_counter()
    for _ in range(spans):
        make()
    return time.perf_counter() - began


def _at_rate(make: MakeSpan, spans: int, rate: float) -> float:
    """Return the seconds that the caller spent in the spans, without the pauses."""
    began, inside = time.perf_counter(), 0.0
    for number in range(spans):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        before = time.perf_counter()
        make()
        inside += time.perf_counter() - before
    return inside


def close(tracer: Any) -> None:  # noqa: ANN401
    """Close as a careful service does: wait for the future, within a bound."""
    if isinstance(tracer, sidecar_tracing.Tracer):
        tracer.close(CLOSE_SECONDS)
        return
    if not isinstance(tracer, jaeger_client.Tracer):
        tracer.shutdown()
        return
    closing, deadline = tracer.close(), time.monotonic() + CLOSE_SECONDS
    # its future belongs to no running event loop, so nothing can wait for it
    while not closing.done() and time.monotonic() < deadline:
        time.sleep(0.01)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="service")
    parser.add_argument("--agent", default="127.0.0.1:6831", metavar="HOST:PORT")
    parser.add_argument("--spans", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0, help="spans/s; 0 means at once")
    parser.add_argument("--marker", default="-")
    parser.add_argument("--warm-up", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
