"""The Compose target: docker-compose.yml, and for the region `local` its public token file."""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.plan import DIRECT, LOCAL_BARE_FILE, LOCAL_TOKEN_FILE, agents
from sidecar.regions import LOCAL
from sidecar.rendering import COMPOSE_FILE, HEADER
from sidecar.rules import jobs
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.rules.services import HealthTiming
from sidecar.spec.sources import SpecError
from sidecar.targets.monitoring import prometheus
from sidecar.targets.templating import environment

if TYPE_CHECKING:
    import jinja2

    from sidecar.plan import AgentPlan, ImagePlan, Plan, ServicePlan
    from sidecar.rendering import Rendering
    from sidecar.spec import Build, Publish, Volume

CONFIGURATIONS = "collectors"
"""The folder of the collectors' configurations."""
_LOCAL_HEADER = (
    f"{HEADER} for {LOCAL}. A public constant, which the stand-in gateway checks; no secret."
)


def render(plan: Plan) -> Rendering:
    """Return the Compose file of a plan, and what else its folder needs.

    Raises SpecError for crons, which Compose does not start.
    """
    refused = [
        SidecarError.from_problem(f"services.{service.name}.kind", problem)
        for service in plan.services
        if (problem := jobs.under_compose(service.kind, service.name))
    ]
    if refused:
        raise SpecError(refused)
    files = {COMPOSE_FILE: text_of(f"{COMPOSE_FILE}.j2", plan, names=Names()), **beside(plan)}
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
    forwarder: str = "forwarder"
    """The network through which collectors reach the forwarder."""
    queue: str = "-queue"
    """What a collector's volume is called after its name."""
    config: str = ""
    """The same of its configuration."""


def text_of(template: str, plan: Plan, **values: object) -> str:
    """Return the text of one of this target's templates."""
    usual = HealthTiming()
    parts = {"plan": plan, "command_of": _command, "direct": DIRECT, "usual": usual, **values}
    text: str = _environment().get_template(template).render(parts)
    return text


def beside(plan: Plan) -> Rendering:
    """Return what the files of a stack mount: configurations, and the public token of `local`."""
    return {**configurations(plan), **token_file(plan)}


def token_file(plan: Plan) -> Rendering:
    """Return the public token files of the region `local`; nothing for another region."""
    if plan.region != LOCAL:
        return {}
    (first, *_) = plan.services
    key = agents.tags_key(first.agent.tags_version)
    files = {LOCAL_TOKEN_FILE: f"{_LOCAL_HEADER}\n{agents.config_text(LOCAL_TOKEN, key)}"}
    return {**files, LOCAL_BARE_FILE: LOCAL_TOKEN} if plan.forwarder else files


def configurations(plan: Plan) -> Rendering:
    """Return the collectors' configurations; nothing where there are none."""
    return {configuration_file(agent): _configuration(agent, plan) for agent in plan.collectors}


def configuration_file(agent: AgentPlan) -> str:
    """Return where a collector's configuration is, relative to the rendering."""
    return f"{CONFIGURATIONS}/{agent.name}.yaml"


def _configuration(agent: AgentPlan, plan: Plan) -> str:
    assert agent.collector is not None  # noqa: S101 - for the type checker
    head = f"# Rendered by sidecar {plan.kit_version} for {agent.name}. It holds no token.\n"
    return head + agent.collector.text


def configuration_digest(agent: AgentPlan) -> str:
    """Return what changes with a collector's configuration."""
    assert agent.collector is not None  # noqa: S101 - for the type checker
    return hashlib.sha256(agent.collector.text.encode()).hexdigest()[:16]


@cache
def _environment() -> jinja2.Environment:
    jinja = environment("compose")
    jinja.filters["compose"] = compose_data
    jinja.filters["image"] = image_reference
    jinja.filters["port_variable"] = port_variable
    jinja.filters["published"] = published
    jinja.filters["build"] = build_section
    jinja.filters["mount"] = mount
    jinja.filters["restart"] = restart
    jinja.filters["volume_names"] = volume_names
    jinja.filters["configuration_file"] = configuration_file
    jinja.filters["configuration_digest"] = configuration_digest
    jinja.filters["folder"] = posixpath.dirname
    jinja.filters["pair"] = lambda name: (name, {})
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


def restart(service: ServicePlan) -> str:
    """Return when the engine starts a service's container again: a job's after failures only."""
    if service.job is None:
        return "unless-stopped"
    retries = service.job.retries
    return yamlio.flow(f"on-failure:{retries}" if retries else "no")


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
