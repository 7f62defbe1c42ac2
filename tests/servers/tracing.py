"""Runs a service under `sidecar-trace`: what it answers, its log, and what the agent receives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from compose_deployment import free_port
from udp_agent import UdpAgent, tags
from waiting import wait_until

SHOPS = Path(__file__).parent / "shops"
TRACE = (sys.executable, "-m", "sidecar_tracing")
GUNICORN = (sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers=2",
            "--bind=127.0.0.1:{port}")  # fmt: skip
UVICORN = (sys.executable, "-m", "uvicorn", "--port={port}")
CELERY = (
    sys.executable, "-m", "celery", "-A", "celery_shop", "worker", "--concurrency=2",
    "--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel=INFO",
)  # fmt: skip
SEND = (sys.executable, "-c", "import celery_shop; celery_shop.bad.delay()")
IDS = re.compile(r"trace_id=([0-9a-f]+) span_id=([0-9a-f]{16})")


def environment(port, **variables):
    """Return the environment of a traced service."""
    paths = [str(SHOPS), *sys.path[1:], os.environ.get("PYTHONPATH", "")]
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("JAEGER_")},
        "JAEGER_SERVICE_NAME": "shop",
        "JAEGER_AGENT_HOST": "127.0.0.1",
        "JAEGER_AGENT_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **variables,
    }


def broker_in(folder):
    """Return the variable of a broker whose messages are files."""
    for name in ("in", "results", "control"):
        (folder / name).mkdir()
    return {"QUEUE": str(folder)}


@contextmanager
def serving(command, log, variables):
    """Run a command under `sidecar-trace` until the block ends; SIGTERM ends it, then."""
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [*TRACE, *command],
            cwd=SHOPS,
            env=variables,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            yield process
            process.terminate()
            process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def answers_of(command, paths, log, count):
    """Return the answers of a web service by path, and its spans once there are `count`.

    Not once it has ended: uWSGI does not let a thread go on that has just answered.
    """
    port = free_port()
    words = [part.format(port=port) for part in command]
    with UdpAgent() as agent, serving(words, log, environment(agent.port)) as server:
        url = f"http://127.0.0.1:{port}"
        wait_for_server(server, url, log)
        answers = {path: requests.get(url + path.format(port=port), timeout=30) for path in paths}
        deadline = time.monotonic() + 15
        while len(_seen(agent)) < count and time.monotonic() < deadline:
            time.sleep(0.05)
    return answers, _seen(agent)


def _seen(agent):
    return [Seen(span) for span in agent.spans if "nothing" not in str(tags(span.tags))]


def wait_for_server(server, url, log):
    """Wait until a web service answers; fail with its log if it ends before."""
    wait_until(lambda: server.poll() is not None or _is_up(f"{url}/nothing"), 60)
    assert server.poll() is None, log.read_text("utf-8")


def _is_up(url):
    with suppress(requests.RequestException):
        return requests.get(url, timeout=10).status_code == 404
    return False


class Seen:
    """A span that the agent received."""

    def __init__(self, span):
        self.name, self.parent_id, self.span_id = span.operationName, span.parentSpanId, span.spanId
        self.trace_id = span.traceIdLow % 2**64
        self.tags = tags(span.tags)
        self.logs = [tags(log.fields) for log in span.logs]

    @property
    def kind(self):
        return self.tags["span.kind"]


def ids_in(text, words):
    """Return the trace and span IDs of each line of a log that contains the words."""
    lines = [line for line in text.splitlines() if words in line]
    return [tuple(int(one, 16) for one in IDS.search(line).groups()) for line in lines]
