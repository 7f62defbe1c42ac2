"""Sends marked spans from this network namespace, by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from sidecar import programs
from sidecar.errors import SidecarError
from sidecar.verify.counts import client_counts
from sidecar.verify.network.printed import last_line

if TYPE_CHECKING:
    from sidecar.verify.counts import ClientCounts

PROBE_SECONDS = 60
_CLOSE_SECONDS = 5.0
"""How long the probe's client tries to reach an agent that refuses its packets."""
_SLOWEST = 1000
"""Spans that any client sends in a second."""


def probe_argv(service: str, marker: str, spans: int, agent: str = "") -> tuple[str, ...]:
    """Return the arguments with which Python runs the probe."""
    options = (
        f"--service={service}",
        f"--spans={spans}",
        f"--marker={marker}",
        f"--timeout={_timeout(spans):g}",
    )
    return ("-m", "sidecar_tracing.probe", *options, *((f"--agent={agent}",) if agent else ()))


def _timeout(spans: int) -> float:
    return min(_CLOSE_SECONDS + spans / _SLOWEST, PROBE_SECONDS - 5.0)


def send_marked(service: str, marker: str, spans: int, agent: str = "") -> ClientCounts:
    """Send marked spans to HOST:PORT in a service's name, and return its client's counts.

    Without an address, the JAEGER_AGENT_ variables have it. Raises SidecarError where the process
    does not end, or prints no counts.
    """
    command = [sys.executable, *probe_argv(service, marker, spans, agent)]
    try:
        done = programs.run(command, PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        cause = f"the probe did not end within {PROBE_SECONDS:g} s"
        fix = "Send fewer spans; check whether the machine is overloaded"
        # `from None`: the original shows the whole command
        raise SidecarError(service, cause, fix) from None
    try:
        return client_counts(json.loads(done.stdout))
    except ValueError:
        cause = f"the probe failed: {last_line(done.stderr)}"
        raise SidecarError(service, cause) from None
