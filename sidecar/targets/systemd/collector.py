"""The units of a collector: its own, and that of the forwarder, which alone has the token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.plan import collector_configuration, collectors
from sidecar.plan.forwarders import TOKEN_FOLDER
from sidecar.rules import collectors as rules
from sidecar.rules.forwarders import STATE_PORT
from sidecar.targets.systemd.places import (
    CREDENTIALS,
    LOOPBACK,
    PROGRAMS,
    SETTINGS,
    UNIT,
    escaped,
)

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

FORWARDER = "sidecar-forwarder"
UNITS = {UNIT: "collector.service", FORWARDER: "forwarder.service"}
"""Each unit's template."""
PROGRAM = f"{PROGRAMS}/otelcol"
FORWARDER_PROGRAM = f"{PROGRAMS}/forwarder"
CONFIG = "config.yaml"
CONFIG_FILE = f"{SETTINGS}/{CONFIG}"
TOKEN_FILE = f"{SETTINGS}/token"
STATE_FOLDER = f"/var/lib/{UNIT}"
"""What StateDirectory makes of the unit's name: the queue's folder."""
INSTALLED = (TOKEN_FILE, CONFIG_FILE, PROGRAM, FORWARDER_PROGRAM)


def values(plan: Plan) -> dict[str, object]:
    """Return what only its templates need."""
    forwarder = plan.host_forwarder
    assert forwarder is not None  # noqa: S101 - for the type checker
    argv = [text.replace(TOKEN_FOLDER, CREDENTIALS) for text in forwarder.argv]
    return {
        "program": PROGRAM,
        "programs": rules.PROGRAMS,
        "components": rules.COMPONENTS,
        "config_file": CONFIG_FILE,
        "bare_token_file": TOKEN_FILE,
        "state_folder": STATE_FOLDER,
        "health_port": rules.HEALTH_PORT,
        "forwarder": forwarder,
        "forwarder_unit": FORWARDER,
        "forwarder_program": FORWARDER_PROGRAM,
        "forwarder_arguments": escaped([*argv, f"--host={LOOPBACK}"]),
        "state_port": STATE_PORT,
    }


def files(plan: Plan) -> Rendering:
    """Return its configuration: on loopback, with the queue in the unit's own folder."""
    decided = plan.host_agent.collector
    assert decided is not None  # noqa: S101 - for the type checker
    moved = collectors.on_loopback(collectors.through(decided, LOOPBACK))
    made = collector_configuration.replaced(moved.configuration, decided.queue_folder, STATE_FOLDER)
    return {CONFIG: replace(moved, configuration=made).text}
