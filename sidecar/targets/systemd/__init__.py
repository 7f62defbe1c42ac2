"""The systemd target: one agent for a host without containers, as units with their scripts."""

from __future__ import annotations

import posixpath
from functools import cache
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.regions import LOCAL
from sidecar.rules import hosts as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.targets.systemd import agent, collector
from sidecar.targets.systemd.places import UNIT, UNIT_FOLDER
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

FOLDER = "systemd"
INSTALL = f"{FOLDER}/install.sh"
MOST_TASKS = 512
"""Of processes and threads; an agent's workers are goroutines, on a few threads."""


def render(plan: Plan) -> Rendering:
    """Return the units, and the scripts that install and remove them.

    Raises SidecarError for the stand-in's region, which has no unit.
    """
    plan.require_no_canary("systemd")
    if problem := rules.unit(is_local=plan.region == LOCAL):
        raise SidecarError.from_problem("--target systemd", problem)
    kind = collector if plan.host_agent.collector else agent
    units = {f"{name}.service": template for name, template in kind.UNITS.items()}
    values = {**_values(plan, tuple(units), kind.INSTALLED), **kind.values(plan)}
    templates = {**units, "install.sh": "install.sh", "remove.sh": "remove.sh"}
    texts = {name: _text(template, values) for name, template in templates.items()}
    return {f"{FOLDER}/{name}": text for name, text in {**texts, **kind.files(plan)}.items()}


def _values(plan: Plan, units: tuple[str, ...], installed: tuple[str, ...]) -> dict[str, object]:
    return {
        "plan": plan,
        "agent": plan.host_agent,
        "collector": plan.host_agent.collector,
        "unit": UNIT,
        "units": units,
        "files": (*(f"{UNIT_FOLDER}/{name}" for name in units), *installed),
        "folders": sorted({posixpath.dirname(file) for file in installed}),
        "tasks": MOST_TASKS,
        "compact_port": COMPACT_PORT,
    }


def _text(name: str, values: dict[str, object]) -> str:
    text: str = _environment().get_template(f"{name}.j2").render(values)
    return text


@cache
def _environment() -> jinja2.Environment:
    return environment("systemd")
