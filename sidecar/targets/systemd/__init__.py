"""The systemd target: one agent for a host without containers, as a unit with its scripts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.plan import agents
from sidecar.regions import LOCAL
from sidecar.rules import hosts as rules
from sidecar.rules.agents import ADMIN_PORT, COMPACT_PORT
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

FOLDER = "systemd"
UNIT = "sidecar-agent"
"""The unit's name, whatever the agent's kind; its folders on the host are called the same."""
PROGRAM = f"/usr/local/lib/{UNIT}/jaeger-agent"
TOKEN_FILE = f"/etc/{UNIT}/agent.yaml"
INSTALL = f"{FOLDER}/install.sh"
MOST_TASKS = 512
"""Of processes and threads; an agent's workers are goroutines, on a few threads."""
_CREDENTIALS = "${CREDENTIALS_DIRECTORY}"


def render(plan: Plan) -> Rendering:
    """Return the unit and the scripts that install and remove it.

    Raises SidecarError for what has no unit: the stand-in's region, and collectors.
    """
    if problem := rules.unit(is_local=plan.region == LOCAL, is_collector=bool(plan.queues)):
        raise SidecarError.from_problem("--target systemd", problem)
    values = {
        "plan": plan,
        "agent": plan.host_agent,
        "arguments": _arguments(plan),
        "unit": UNIT,
        "program": PROGRAM,
        "token_file": TOKEN_FILE,
        "tasks": MOST_TASKS,
        "admin_port": ADMIN_PORT,
        "compact_port": COMPACT_PORT,
    }
    names = (f"{UNIT}.service", "install.sh", "remove.sh")
    return {f"{FOLDER}/{name}": _text(name, values) for name in names}


def _arguments(plan: Plan) -> list[str]:
    """Return the agent's arguments: it listens on loopback, and reads its own copy of the token."""
    texts = agents.on_loopback(plan.host_agent.argv, _CREDENTIALS)
    return [text.replace("%", "%%") for text in texts]


def _text(name: str, values: dict[str, object]) -> str:
    text: str = _environment().get_template(f"{name}.j2").render(values)
    return text


@cache
def _environment() -> jinja2.Environment:
    return environment("systemd")
