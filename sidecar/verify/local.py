"""A deployment on this program's own loopback: a process sends the marked spans."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules.parts import no_answer
from sidecar.secrecy import child_environment
from sidecar.verify.counts import ClientCounts, GatewayCounts, client_counts
from sidecar.verify.deployment import StepByStep
from sidecar.verify.look import last_line, part_error
from sidecar.verify.reader import Reading, await_gateway, read_gateway

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_SECONDS = 60


class LocalDeployment(StepByStep):
    """A deployment whose agent, and stand-in if there is one, answer on loopback."""

    side_by_side = 1
    no_answer_fix: str
    """What to do where a port does not answer."""

    def __init__(self, agent: str, page: str | None) -> None:
        """Take the agent's HOST:PORT and the URL of the stand-in's page; None: a real gateway."""
        self._agent, self._page = agent, page

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the agent."""
        return send_marked(service, marker, spans, self._agent)

    def agent_log(self, service: str) -> str:  # noqa: ARG002
        """Return nothing: there is no agent, or its log cannot be read from here."""
        return ""

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real gateway."""
        page = self._page
        if page is None:
            return None
        return self.answered(
            page, lambda: await_gateway(lambda: read_gateway(page, marker), settled, seconds)
        )

    def answered(self, url: str, read: Callable[[], Reading]) -> Reading:
        """Return what is read from a URL. Raises SidecarError where it does not answer."""
        try:
            return read()
        except OSError as error:
            raise part_error(url, no_answer(error, self.no_answer_fix)) from error


def send_marked(service: str, marker: str, spans: int, agent: str) -> ClientCounts:
    """Send marked spans to HOST:PORT in a service's name, and return its client's counts.

    Raises SidecarError where the process does not end, or prints no counts.
    """
    command = [sys.executable, "-m", "sidecar_tracing.probe", f"--service={service}"]
    command += [f"--spans={spans}", f"--marker={marker}", f"--agent={agent}"]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=PROBE_SECONDS,
        )
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
