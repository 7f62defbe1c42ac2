"""Scripts with a tracer in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

PRELUDE = """
import ctypes, logging, multiprocessing, os, signal, subprocess, sys, threading, time
from sidecar_tracing import Config
logging.basicConfig()
def finish(name, count=1):
    for _ in range(count):
        tracer.start_span(name).finish()
def wait(*children):
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
MAKE = "tracer = Config({}, service_name='script').new_tracer()\n"


def environment(port, **variables):
    """Return the environment of a process that reports to a port of loopback."""
    agent = {"JAEGER_AGENT_HOST": "127.0.0.1", "JAEGER_AGENT_PORT": str(port)}
    return {**os.environ, **agent, **variables}


def run(agent, body, *, tracer=MAKE, check=True, **variables):
    """Run a script against the agent and return the ended process; `tracer` is run first."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + tracer + textwrap.dedent(body)],
        env=environment(agent.port, **variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done
