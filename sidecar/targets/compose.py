"""The Compose target: docker-compose.yml, and for the region `local` its public token file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.plan import DIRECT, LOCAL_TOKEN_FILE, agents
from sidecar.regions import LOCAL
from sidecar.rendering import HEADER
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.rules.services import HealthTiming
from sidecar.targets.monitoring import prometheus
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import ImagePlan, Plan, ServicePlan
    from sidecar.rendering import Rendering
    from sidecar.spec import Build, Publish, Volume

FILE = "docker-compose.yml"
_LOCAL_HEADER = (
    f"{HEADER} for {LOCAL}. A public constant, which the stand-in gateway checks; no secret."
)


def render(plan: Plan) -> Rendering:
    """Return the Compose file of a plan, and what else its folder needs."""
    files = {FILE: text_of(f"{FILE}.j2", plan, names=Names()), **token_file(plan)}
    if plan.monitoring:
        files |= prometheus.render(plan)
    return files


@dataclass(frozen=True)
class Names:
    """What a deployment calls its networks and secrets; in a user's project some may be taken."""

    gateway: str = "gateway"
    """The network through which agents reach the gateway."""
    page: str = "page"
    """The network that publishes the stand-in's page."""
    token: str = "agent"  # noqa: S105 - a name
    """The secret that agents read."""
    expected: str = "gateway"
    """The secret that the stand-in expects."""


def text_of(template: str, plan: Plan, **values: object) -> str:
    """Return the text of one of this target's templates."""
    usual = HealthTiming()
    parts = {"plan": plan, "command_of": _command, "direct": DIRECT, "usual": usual, **values}
    text: str = _environment().get_template(template).render(parts)
    return text


def token_file(plan: Plan) -> Rendering:
    """Return the public token file of the region `local`; nothing for another region."""
    if plan.region != LOCAL:
        return {}
    key = agents.tags_key(plan.services[0].agent.version)
    return {LOCAL_TOKEN_FILE: f"{_LOCAL_HEADER}\n{agents.config_text(LOCAL_TOKEN, key)}"}


@cache
def _environment() -> jinja2.Environment:
    jinja = environment("compose")
    jinja.filters["compose"] = compose_data
    jinja.filters["image"] = image_reference
    jinja.filters["port_variable"] = port_variable
    jinja.filters["published"] = published
    jinja.filters["build"] = build_section
    jinja.filters["mount"] = mount
    jinja.filters["volume_names"] = volume_names
    return jinja


def compose_data(value: Any) -> str:  # noqa: ANN401 - data of any shape
    """Return a value as YAML on one line that Compose passes on unchanged: it reads `$$` as `$`."""
    return yamlio.flow(_escaped(value))


def image_reference(image: ImagePlan) -> str:
    """Return the image's name, or the variable that holds it with the name as its default."""
    if image.variable:
        return yamlio.flow(f"${{{image.variable}:-{image.name}}}")
    return compose_data(image.name)


def published(publish: Publish, service: ServicePlan) -> str:
    """Return a service's published port as text; Docker gives each replica one of a range."""
    ports = publish.ports(service.replicas)
    wanted = str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"
    host = f"[{publish.host}]" if ":" in publish.host else publish.host
    return yamlio.flow(f"{host}:{port_variable(service.name, wanted)}:{service.port}")


def build_section(build: Build) -> dict[str, Any]:
    """Return how a user's image is built, without what Compose decides by itself."""
    return {key: value for key, value in asdict(build).items() if value}


def mount(volume: Volume) -> dict[str, Any]:
    """Return a volume in the long form, which no character of a path can break."""
    if volume.named:
        kind: dict[str, Any] = {"type": "volume", "source": volume.source}
    else:
        kind = {"type": "bind", "source": volume.source, "bind": {"create_host_path": True}}
    return {**kind, "target": volume.target, "read_only": volume.read_only}


def volume_names(plan: Plan) -> list[str]:
    """Return the named volumes of all services, each once."""
    volumes = chain.from_iterable(service.volumes for service in plan.services)
    return sorted({volume.source for volume in volumes if volume.named})


def port_variable(name: str, default: int | str) -> str:
    """Return the host port of a service: a variable, so that a taken port needs no edit."""
    return f"${{SIDECAR_PORT_{name.upper().replace('-', '_')}:-{default}}}"


def _command(arguments: tuple[str, ...]) -> list[str]:
    return ["CMD", *arguments]


def _escaped(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    return value
