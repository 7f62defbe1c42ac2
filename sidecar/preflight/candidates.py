"""Reads what is to run: from a plan, or from a rendered folder as Compose reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import dotenv
from sidecar.checks.gateways import find_gateway
from sidecar.engine.compose import find_compose
from sidecar.engine.project import FORWARDER, REGION, ROLE, SERVICE, not_rendered, token_file_of
from sidecar.errors import SidecarError
from sidecar.image_names import official
from sidecar.kubernetes.pods import AGENT, GATEWAY, pods_of
from sidecar.plan import TOKEN_FILE
from sidecar.plan.agents import SOCKET_BUFFER as BUFFER_BYTES
from sidecar.plan.agents import tags_key
from sidecar.plan.collector_sizes import SPANS_PER_CALL
from sidecar.preflight.records import AgentFacts, Candidate, Traced
from sidecar.regions import LOCAL
from sidecar.rules.agents import DIRECT, REPORTER, SOCKET_BUFFER, workers_of
from sidecar.spec import LOOPBACK
from sidecar.stand_in.sockets import Address
from sidecar.targets.pod_resources import of_agent
from sidecar.verify.kubernetes.selection import is_traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.checks.gateways import FoundGateway
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod
    from sidecar.plan import AgentPlan, ImagePlan, Plan, ServicePlan
    from sidecar.regions import Region

_READ_SECONDS = 8
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - where Compose publishes a port without an address
_VARIABLES = ("JAEGER_SAMPLER_", "GUNICORN_CMD_ARGS", "UWSGI_LAZY", "PYTHONPATH")
"""What a look into a service's image may see of its environment: none of these holds a token."""


def agent_facts(arguments: Iterable[str]) -> AgentFacts:
    """Return what the arguments of an agent or a forwarder say.

    Raises SidecarError where they name no gateway.
    """
    words = list(arguments)
    flags = dict(word.lstrip("-").partition("=")[::2] for word in words)
    if "gateway" in flags:
        return _forwarder_facts(flags)
    try:
        gateway = Address.parse(flags[REPORTER].split(",")[0].removeprefix(DIRECT))
    except (KeyError, ValueError):
        fix = "Give it --reporter.grpc.host-port=HOST:PORT"
        raise SidecarError("agent", "names no gateway", fix) from None
    return AgentFacts(
        gateway=gateway,
        tls=flags.get("reporter.grpc.tls.enabled") == "true",
        workers=workers_of(words),
        buffer_bytes=_number(flags.get(SOCKET_BUFFER), 0),
    )


def _forwarder_facts(flags: Mapping[str, str]) -> AgentFacts:
    """Return what a forwarder's arguments say: its collectors fill their calls with spans."""
    return AgentFacts(
        gateway=Address.parse(flags["gateway"]),
        tls=flags.get("protocol", "").endswith("s"),
        workers=_number(flags.get("calls"), 1),
        buffer_bytes=BUFFER_BYTES,
        spans_per_call=SPANS_PER_CALL,
        is_http2=not flags.get("protocol", "").startswith("http"),
    )


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


# A plan ---------------------------------------------------------------------------------------


def of_plan(
    plan: Plan, folder: Path, rate: int, regions: Mapping[str, Region], target: str
) -> Candidate:
    """Return the deployment that a plan decides; `rate` is what one agent must carry.

    Where it goes to a cluster, the caller adds that.
    """
    agent = plan.services[0].agent
    variables = _variables_of(folder)
    images = [service.image for service in plan.services] + [agent.image, plan.probe]
    others = [part.image for part in (plan.stand_in, plan.forwarder, plan.queues) if part]
    return Candidate(
        target=target,
        region=plan.region,
        agent=agent_facts(plan.forwarder.argv if plan.forwarder else agent.argv),
        network=plan.gateway.network,
        spans_per_second=rate,
        project=plan.project,
        folder=folder,
        token_file=folder / plan.token_file,
        tags_key=tags_key(agent.tags_version),
        images=_distinct(_name_of(image, variables) for image in (*images, *others)),
        ports=tuple(_published(plan, variables)),
        services=tuple(_traced(service, variables) for service in plan.services),
        probe=_name_of(plan.probe, variables),
        regions=regions,
        resources=_resources_of(agent) if target == "kubernetes" else {},
    )


def _resources_of(agent: AgentPlan) -> Mapping[str, Any]:
    """Return requests and limits that the cluster admits; empty where the spec gives none."""
    return of_agent(agent) if agent.kubernetes.get("resources") else {}


def _variables_of(folder: Path) -> dict[str, str]:
    """Return the variables that Compose reads names of images from."""
    path = folder / dotenv.NAME
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    given = {variable.name: variable.value for variable in dotenv.variables(text)}
    return {**given, **os.environ}


def _name_of(image: ImagePlan, variables: Mapping[str, str]) -> str:
    return variables.get(image.variable or "") or image.name


def _published(plan: Plan, variables: Mapping[str, str]) -> Iterable[tuple[str, Address]]:
    """Yield where parts are published; a variable may move the first port of each."""
    for service in plan.services:
        if service.publish and service.replicas == 1:
            port = _moved(service.name, service.publish.port, variables)
            yield service.name, Address(service.publish.host, port)
        elif service.publish:
            for port in service.publish.ports(service.replicas):
                yield service.name, Address(service.publish.host, port)
    if plan.stand_in:
        name = plan.stand_in.name
        yield name, Address(LOOPBACK, _moved(name, plan.stand_in.http_port, variables))


def _moved(name: str, port: int, variables: Mapping[str, str]) -> int:
    given = variables.get(f"SIDECAR_PORT_{name.upper().replace('-', '_')}", "")
    return int(given) if given.isdecimal() else port


def _traced(service: ServicePlan, variables: Mapping[str, str]) -> Traced:
    image = _name_of(service.image, variables)
    return Traced(service.name, image, service.command, _seen(service.environment))


def _seen(environment: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value or "") for name, value in environment.items() if name.startswith(_VARIABLES)
    }


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


# A release ------------------------------------------------------------------------------------


def of_release(
    kubectl: Kubectl, selector: str, image: str, regions: Mapping[str, Region]
) -> Candidate:
    """Return the deployment of the pods that run already. Raises SidecarError where none does."""
    words = ("get", "pods", f"--selector={selector}", "--output=json")
    pods = pods_of(kubectl.json(*words, seconds=_READ_SECONDS))
    traced = [pod for pod in pods if is_traced(pod)]
    if not traced:
        fix = "Give --region ID for a release that is not installed yet"
        raise SidecarError(selector, "no pod of it has an agent", fix)
    pod = max(traced, key=lambda each: each.ready)
    facts = agent_facts(_arguments(pods) or (pod.container(AGENT) or {}).get("args", []))
    host = find_gateway(str(facts.gateway), regions)
    return Candidate(
        target="kubernetes",
        region=_region_of(host, pods),
        agent=facts,
        network=host.network or "public",
        services=tuple(_services_of(traced)),
        probe=image or pod.image or official().gateway.name,
        regions=regions,
        kubectl=kubectl,
        pod=pod,
        secret=_secret_of(pod),
    )


def _arguments(pods: Iterable[Pod]) -> list[str]:
    """Return the forwarder's arguments; empty where agents send to the gateway themselves."""
    found = (pod.container(FORWARDER) for pod in pods)
    return next((list(each.get("args", [])) for each in found if each), [])


def _region_of(host: FoundGateway, pods: Iterable[Pod]) -> str:
    """Return the region of a release; empty where its gateway is neither listed nor its own."""
    if host.region:
        return host.region.id
    return LOCAL if any(pod.container(GATEWAY) for pod in pods) else ""


def _secret_of(pod: Pod) -> str:
    """Return the Secret that a pod's agent mounts; empty where there is none."""
    mounts = (pod.container(AGENT) or {}).get("volumeMounts", [])
    mounted = {mount["name"] for mount in mounts}
    for volume in pod.data["spec"].get("volumes", []):
        if volume["name"] in mounted and "secret" in volume:
            return str(volume["secret"]["secretName"])
    return ""


def _services_of(pods: Iterable[Pod]) -> Iterable[Traced]:
    seen = set()
    for pod in pods:
        for container in pod.data["spec"]["containers"]:
            key = (pod.service, container["name"])
            if container["name"] != AGENT and key not in seen:
                seen.add(key)
                given = {each["name"]: each.get("value") for each in container.get("env", [])}
                words = (*container.get("command", ()), *container.get("args", ()))
                yield Traced(pod.service, container["image"], words, _seen(given))


# A rendered folder ----------------------------------------------------------------------------


def of_folder(folder: Path, regions: Mapping[str, Region]) -> Candidate:
    """Return the deployment of a folder's docker-compose.yml, as Compose itself reads it.

    Raises SidecarError where there is no Compose, or no agent of the kit's in the file.
    """
    config = _config(folder)
    parts = _parts(config)
    agents = [part for part in parts.values() if _label(part, ROLE) == "agent"]
    services = [part for part in parts.values() if _label(part, ROLE) == "service"]
    if not agents or "probe" not in config.get("x-sidecar", {}):
        raise not_rendered(folder)
    forwarders = [part for part in parts.values() if _label(part, ROLE) == FORWARDER]
    facts = agent_facts((*forwarders, *agents)[0].get("command") or ())
    address = str(facts.gateway)
    return Candidate(
        target="compose",
        region=_label(agents[0], REGION),
        agent=facts,
        network=find_gateway(address, regions).network or "public",
        project=config["name"],
        folder=folder,
        token_file=_token_file(config, folder),
        images=_distinct(_images(config, parts)),
        ports=tuple(_ports(parts)),
        services=tuple(map(_service, services)),
        probe=config["x-sidecar"]["probe"],
        regions=regions,
    )


def _config(folder: Path) -> dict[str, Any]:
    try:
        return find_compose().config(folder, seconds=_READ_SECONDS)
    except subprocess.TimeoutExpired:
        cause = f"`config` did not end within {_READ_SECONDS} s"
        raise SidecarError("docker compose", cause) from None


def _parts(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return name → service, with the name that Compose gives to an image that it builds."""
    parts: Mapping[str, dict[str, Any]] = config.get("services") or {}
    return {name: {"image": f"{config['name']}-{name}", **part} for name, part in parts.items()}


def _images(config: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterable[str]:
    """Yield what `sidecar images` obtains: the other images of a user's stack, Compose does."""
    roles = ("agent", "gateway") if "files" in config["x-sidecar"] else None
    for part in parts.values():
        if roles is None or _label(part, ROLE) in roles:
            yield part["image"]
    yield config["x-sidecar"]["probe"]


def _label(part: Mapping[str, Any], name: str) -> str:
    return str((part.get("labels") or {}).get(name, ""))


def _token_file(config: Mapping[str, Any], folder: Path) -> Path:
    return Path(token_file_of(config) or folder / TOKEN_FILE)


def _ports(services: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, Address]]:
    for name, part in services.items():
        for port in part.get("ports") or ():
            published = str(port.get("published", ""))
            if published.isdecimal() and port.get("protocol", "tcp") == "tcp":
                yield name, Address(port.get("host_ip") or _EVERY_ADDRESS, int(published))


def _service(part: Mapping[str, Any]) -> Traced:
    command: Sequence[str] = part.get("command") or ()
    environment = _seen(part.get("environment") or {})
    return Traced(_label(part, SERVICE), part["image"], tuple(command), environment)
