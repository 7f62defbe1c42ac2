"""The marked spans of a place that is this program's own: a process of the tracing runtime sends them."""

from __future__ import annotations

import json
import subprocess
import sys

from sidecar.errors import SidecarError
from sidecar.secrecy import child_environment
from sidecar.verify.counts import ClientCounts, client_counts

SECONDS = 60


def send(service: str, marker: str, spans: int, agent: str) -> ClientCounts:
    """Send marked spans to HOST:PORT in a service's name, and return what became of them with the client.

    Raises SidecarError where the process does not end, or tells no counts.
    """
    options = [f"--service={service}", f"--spans={spans}", f"--marker={marker}", f"--agent={agent}"]
    command = [sys.executable, "-m", "sidecar_tracing.probe", *options]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        # `from None`: the original shows the whole command
        cause = f"the probe did not end within {SECONDS:g} s"
        raise SidecarError(
            service, cause, "Ask for fewer spans; see whether the machine is overloaded"
        ) from None
    try:
        return client_counts(json.loads(done.stdout))
    except ValueError:
        cause = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise SidecarError(service, f"the probe failed: {cause}") from None
