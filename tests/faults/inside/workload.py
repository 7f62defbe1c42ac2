"""A service under faults: ten spans per request, each of whose ids it writes down.

It also is its own client, in a second process, which writes down how long each request took.
`python workload.py` needs the folder /ledger, and what the sample's image brings. WORKLOAD_MODE
says how the service is wrong.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import opentracing
from sidecar_tracing import init_tracer

LEDGER = Path(os.environ.get("WORKLOAD_LEDGER", "/ledger"))
MODE = os.environ.get("WORKLOAD_MODE", "")
RATE = float(os.environ.get("WORKLOAD_RATE", "10"))
PORT = 8080
SPANS = 10
NOWHERE = {"reporting_host": "127.0.0.1", "reporting_port": 6899}
OPTIONS = {
    "elsewhere": {"local_agent": NOWHERE},
    "elsewhere-far": {"local_agent": {"reporting_host": "192.0.2.1"}},
    "sampler-0": {"sampler": {"type": "const", "param": 0}},
    "tiny-queue": {"reporter_queue_size": 5},
}
"""Mode → what the code passes to its tracer."""


class Ledger:
    """A file that only grows; a kill of the process loses nothing of it."""

    def __init__(self, kind):
        name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.{kind}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(LEDGER / name, flags, 0o666)

    def write(self, *words):
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


class Service(BaseHTTPRequestHandler):
    """Answers each request after it has made its spans."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    ledger: Ledger

    def do_GET(self):
        if self.path == "/work":
            work(self.ledger)
        body = b"ok"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def work(ledger):
    """Make the spans of a request."""
    tracer = opentracing.global_tracer()
    spans = []
    with tracer.start_span("request", tags={"http.method": "GET"}) as root:
        spans.append(root)
        for number in range(SPANS - 1):
            with tracer.start_span(f"step-{number}", child_of=root, tags={"n": number}) as span:
                spans.append(span)
    ids = [f"{span.span_id:016x}" for span in spans if getattr(span, "is_sampled", bool)()]
    if ids:
        ledger.write(f"{time.time():.3f}", os.environ["JAEGER_SERVICE_NAME"], ",".join(ids))


def drive():
    """Send requests at a steady rate until the service is gone."""
    ledger, number, began = Ledger("latency"), 0, time.time()
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    while True:
        number += 1
        time.sleep(max(0.0, began + number / RATE - time.time()))
        sent = time.perf_counter()
        try:
            client.request("GET", "/work")
            answer = client.getresponse()
            answer.read()
            status = answer.status
        except OSError:
            client.close()
            status = 0
        ledger.write(f"{time.time():.3f}", f"{(time.perf_counter() - sent) * 1000:.2f}", status)
        if os.getppid() == 1 and status == 0:
            return


class Statistics:
    """Writes down the counts of the tracer, four times a second and at its end."""

    def __init__(self, tracer):
        self._tracer = tracer
        self._name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.stats"
        self._lock = threading.Lock()
        threading.Thread(target=self._repeat, daemon=True).start()

    def write(self):
        temporary = LEDGER / f".{self._name}"
        with self._lock:
            temporary.write_text(json.dumps(self._tracer.stats().as_dict()))
            temporary.replace(LEDGER / self._name)

    def _repeat(self):
        while True:
            self.write()
            time.sleep(0.25)


def speak_otlp():
    """Try to report as an OTLP exporter does."""
    while True:
        try:
            with socket.create_connection((os.environ["JAEGER_AGENT_HOST"], 4318), 2) as client:
                client.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: agent\r\n\r\n")
        except OSError:
            pass
        time.sleep(0.5)


def start_tracer():
    if MODE in ("no-tracer", "otlp"):
        if MODE == "otlp":
            threading.Thread(target=speak_otlp, daemon=True).start()
        return None
    options = {"logging": False, **OPTIONS.get(MODE, {})}
    return init_tracer(os.environ["JAEGER_SERVICE_NAME"], **options)


def main():
    if sys.argv[1:] == ["drive"]:
        return drive()
    tracer = start_tracer()
    statistics = Statistics(tracer) if tracer else None
    Service.ledger = Ledger("sent")
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Service)
    server.daemon_threads = True
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    driver = None
    if MODE != "idle":
        driver = subprocess.Popen([sys.executable, __file__, "drive"])
    server.serve_forever()
    if driver:
        driver.kill()
    if tracer:
        tracer.close(5.0)
        statistics.write()
    return None


if __name__ == "__main__":
    main()
