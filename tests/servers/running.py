"""Runs one row of the matrix: 25 requests, tasks or calls, an end, and what has arrived."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from compose_deployment import free_port
from waiting import wait_until

from servers.catalogue import GROUP

FOLDER = Path(__file__).parent
COUNT = 25
SETTLE_SECONDS = 1.5
BUSY_SECONDS = 0.5
END_SECONDS = 45
"""gunicorn kills workers that go on for 30 s."""
_TASKS = """
import os
from pathlib import Path
from celery import Celery
from service import work
folder = Path(os.environ["QUEUE"])
options = {"data_folder_in": str(folder / "in"), "data_folder_out": str(folder / "in")}
options |= {"control_folder": str(folder / "control"), "polling_interval": 0.1}
app = Celery("tasks", broker="filesystem://", backend=f"file://{folder / 'results'}")
app.conf.broker_transport_options = options
@app.task
def task():
    work()
"""
_SEND = f"import tasks\nfor _ in range({COUNT}): tasks.task.delay()"


@dataclass(frozen=True)
class Outcome:
    """What a server answered, and what the agent received of it."""

    answered: int
    received: int

    @property
    def is_complete(self) -> bool:
        """Whether each answer has its span; a request without an answer may have one, too."""
        return self.received >= self.answered > 0


class Listener:
    """An agent's port on loopback, and how many spans have come to it."""

    def __init__(self, agent):
        self._agent, self.port = agent, agent.port

    def received(self):
        """Return how many different spans came."""
        return len({(span.traceIdLow, span.spanId) for span in self._agent.spans})


class RealAgent:
    """A real agent, and how many spans the gateway has taken from it since now."""

    def __init__(self, agent):
        self._agent, self.port = agent, agent.port
        self._before = agent.counts()

    def received(self):
        """Return how many spans came, repeated ones included."""
        return self._agent.counts().since(self._before).spans_submitted


def run(row, library, folder, agent):
    """Run a row with a library; `folder` is for a broker's files."""
    answered = _RUN[row.kind](row, _variables(library, agent.port, folder))
    _settle(agent, answered)
    return Outcome(answered, agent.received())


def _variables(library, port, folder):
    for name in ("in", "results", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tasks.py").write_text(_TASKS, encoding="utf-8")
    paths = [str(FOLDER), str(folder), *sys.path[1:], os.environ.get("PYTHONPATH", "")]
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("JAEGER_")},
        "LIB": library,
        "QUEUE": str(folder),
        "JAEGER_AGENT_HOST": "127.0.0.1",
        "JAEGER_AGENT_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _start(command, variables):
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=FOLDER, env=variables, stdout=quiet, stderr=quiet, start_new_session=True
    )


def _run_http(row, variables):
    port = free_port()
    server = _start([part.format(port=port) for part in row.command], variables)
    try:
        answered = _ask(f"http://127.0.0.1:{port}/", row)
        _end(row, server)
    finally:
        _clear(server)
    return answered


def _ask(url, row):
    """Return how many requests were answered; the first ones wait for the server.

    One that goes on at the end counts: its span is finished.
    """
    answered, until = 0, time.monotonic() + 30
    while answered < COUNT - row.is_busy and time.monotonic() < until:
        answered += _is_answered(url)
    if row.is_busy:
        _is_answered(f"{url}busy", timeout=BUSY_SECONDS)
    return answered + row.is_busy


def _is_answered(url, timeout=5):
    try:
        return requests.get(url, timeout=timeout).status_code == 200
    except requests.RequestException:
        time.sleep(0.1)
        return False


def _run_task(row, variables):
    # before the worker is there: this broker reads a message that is half written, and ends then
    subprocess.run([sys.executable, "-c", _SEND], cwd=FOLDER, env=variables, check=True)
    server = _start(row.command, variables)
    try:
        results = Path(variables["QUEUE"]) / "results"
        wait_until(lambda: len(list(results.iterdir())) >= COUNT, 60)
        _end(row, server)
    finally:
        _clear(server)
    return len(list(results.iterdir()))


def _run_script(row, variables):
    script = _start(row.command, variables)
    try:
        script.wait(30)
    finally:
        _clear(script)
    return COUNT


def _end(row, server):
    """Send the signal to the server itself, not to what has started it, or to its group."""
    target = psutil.Process(server.pid)
    if row.command[0] == "unshare":
        target = target.children()[0]
    number = getattr(signal, row.end.removesuffix(GROUP))
    if row.end.endswith(GROUP):
        os.killpg(server.pid, number)
    else:
        target.send_signal(number)
    server.wait(END_SECONDS)


def _clear(server):
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(5)


def _settle(agent, count):
    """Wait until all spans are there, or no more come."""
    until = time.monotonic() + SETTLE_SECONDS
    while agent.received() < count and time.monotonic() < until:
        time.sleep(0.05)


_RUN = {"http": _run_http, "task": _run_task, "script": _run_script}
