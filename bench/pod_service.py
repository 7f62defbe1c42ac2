"""A service in a pod: it makes spans between two moments, which a file names, and prints how many.

Its text is the argument of `python -c` in the sample's image, which holds no bench.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

from sidecar_tracing import Config, Tracer

CLOSE_SECONDS = 20.0
MOMENTS = Path("/tmp/moments")
"""Holds the first and the last moment in one line."""


def main() -> None:
    """Make spans until the last moment or SIGTERM, close, print, and stay until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    rate = float(os.environ["BENCH_RATE"])
    tracer = Config({"sampler": {"type": "const", "param": 1}}).initialize_tracer()
    assert isinstance(tracer, Tracer)
    begin, until = moments(ended)
    ended.wait(max(0.0, begin - time.time()))
    began, started = time.time(), 0
    while time.time() < until and not ended.is_set():
        make(tracer, os.environ["BENCH_MARKER"])
        started += 1
        ended.wait(max(0.0, began + started / rate - time.time()))
    report = tracer.close(CLOSE_SECONDS)
    print(json.dumps({"started": started, "unsent": report.unsent}), flush=True)
    ended.wait()


def moments(ended: threading.Event) -> tuple[float, float]:
    """Wait for the file; return the moments that it names."""
    while not ended.is_set():
        text = MOMENTS.read_text(encoding="ascii") if MOMENTS.exists() else ""
        if text.endswith("\n"):
            begin, until = map(float, text.split())
            return begin, until
        ended.wait(0.1)
    return 0.0, 0.0


def make(tracer: Tracer, marker: str) -> None:
    """Make one span: six tags and a log, as delivery is measured."""
    tags = {
        "span.kind": "server",
        "component": "bench",
        "http.method": "GET",
        "http.url": "http://shop.example/orders/12345?expand=items",
        "http.status_code": 200,
        "sidecar.marker": marker,
    }
    span = tracer.start_span("GET /orders", tags=tags)
    span.log_kv({"event": "cache", "hit": True})
    span.finish()


if __name__ == "__main__":
    main()
