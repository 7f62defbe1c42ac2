"""The unit of a jaeger-agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.plan import agents
from sidecar.rules.agents import ADMIN_PORT
from sidecar.targets.systemd.places import CREDENTIALS, PROGRAMS, SETTINGS, UNIT, escaped

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

UNITS = {UNIT: "agent.service"}
"""Each unit's template."""
PROGRAM = f"{PROGRAMS}/jaeger-agent"
TOKEN_FILE = f"{SETTINGS}/agent.yaml"
INSTALLED = (TOKEN_FILE, PROGRAM)


def values(plan: Plan) -> dict[str, object]:
    """Return what only its templates need: it listens on loopback, and reads its own token."""
    return {
        "arguments": escaped(agents.on_loopback(plan.host_agent.argv, CREDENTIALS)),
        "program": PROGRAM,
        "token_file": TOKEN_FILE,
        "admin_port": ADMIN_PORT,
    }


def files(plan: Plan) -> Rendering:  # noqa: ARG001 - as a collector's
    """Return nothing: its arguments are all that it reads."""
    return {}
