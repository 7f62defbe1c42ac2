"""The Compose target: docker-compose.yml, and for the region `local` its public token file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar import agent, tokens, yamlio
from sidecar.plan import DIRECT, LOCAL, LOCAL_TOKEN_FILE
from sidecar.rendering import HEADER
from sidecar.targets import environment

if TYPE_CHECKING:
    from sidecar.plan import ImagePlan, Plan
    from sidecar.rendering import Rendering

FILE = "docker-compose.yml"
_LOCAL_HEADER = f"{HEADER} for {LOCAL}. A public constant, which the stand-in gateway checks; no secret."


def render(plan: Plan) -> Rendering:
    """Return the Compose file of a plan, and what else its folder needs."""
    jinja = environment("compose")
    jinja.filters["compose"] = compose_data
    jinja.filters["image"] = image_reference
    jinja.filters["port_variable"] = port_variable
    files = {FILE: jinja.get_template(f"{FILE}.j2").render(plan=plan, command_of=_command, direct=DIRECT)}
    if plan.region == LOCAL:
        key = agent.tags_key(plan.services[0].agent.version)
        files[LOCAL_TOKEN_FILE] = f"{_LOCAL_HEADER}\n{tokens.agent_config(tokens.LOCAL_TOKEN, key)}"
    return files


def compose_data(value: Any) -> str:  # noqa: ANN401 - data of any shape
    """Return a value as YAML on one line that Compose hands on unchanged: it reads `$$` as `$`."""
    return yamlio.flow(_escaped(value))


def image_reference(image: ImagePlan) -> str:
    """Return the image's name, or the variable that holds it with the name as its default."""
    return yamlio.flow(f"${{{image.variable}:-{image.name}}}") if image.variable else compose_data(image.name)


def port_variable(name: str, default: int) -> str:
    """Return the host port of a service: a variable, so that a taken port needs no edit."""
    return f"${{SIDECAR_PORT_{name.upper().replace('-', '_')}:-{default}}}"


def _command(arguments: tuple[str, ...]) -> list[str]:
    return ["CMD", *arguments]


def _escaped(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value
