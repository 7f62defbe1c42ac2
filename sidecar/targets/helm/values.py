"""What a plan gives to the chart: its values, and how they differ from the chart's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sidecar.plan import DIRECT, LOCAL
from sidecar.targets.helm.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.agent import Tuning
    from sidecar.plan import Plan, ServicePlan

Values = dict[str, Any]

_FETCH = re.compile(r"urlopen\('http://127\.0\.0\.1:\d+(?P<path>/[^']*)'")
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[A-Za-z0-9-]+):(?P<port>\d+)(?P<path>/.*)?")


def values_of(plan: Plan) -> Values:
    """Return the chart's values for a plan: every key, in the order of the table."""
    values: Values = {}
    decided = _decided(plan)
    for field in FIELDS:
        *parents, key = field.path.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = decided[field.path] if field.default is None else field.default
    if plan.services:
        values["images"]["agent"] = _own_agent_image(plan)
    return values


def difference(wanted: Mapping[str, Any], base: Mapping[str, Any]) -> Values:
    """Return what Helm has to merge into `base` to get `wanted`; null removes a key."""
    changes: Values = {key: None for key in base if key not in wanted}
    for key, value in wanted.items():
        if key not in base:
            changes[key] = value
        elif isinstance(value, dict) and isinstance(base[key], dict):
            if inner := difference(value, base[key]):
                changes[key] = inner
        elif value != base[key]:
            changes[key] = value
    return changes


def _decided(plan: Plan) -> Values:
    tuning = plan.services[0].agent.tuning
    return {
        "region": plan.region,
        "gateway.host": "" if plan.region == LOCAL else plan.gateway.host,
        "gateway.port": plan.gateway.port,
        "images.sample": _sample_image(plan),
        "images.gateway": plan.probe.name,
        "agent.version": plan.services[0].agent.version,
        **_tuning(tuning),
        "agent.resources": resources(tuning.memory_mib, "500m", "20m", 64),
        "services": {service.name: _service(service, plan) for service in plan.services},
        "resources": resources(256, "1", "20m", 128),
        "standIn.enabled": plan.stand_in is not None,
        "standIn.resources": resources(768, "1", "20m", 128),
    }


def _tuning(tuning: Tuning) -> Values:
    return {
        "agent.tuning.workers": tuning.workers,
        "agent.tuning.queuePackets": tuning.queue_packets,
        "agent.tuning.maxPacketBytes": tuning.max_packet_bytes,
        "agent.tuning.socketBufferBytes": tuning.socket_buffer_bytes,
    }


def resources(memory_mib: int, cpus: str, cpu_request: str, memory_request_mib: int) -> Values:
    """Return requests and limits."""
    return {
        "requests": {"cpu": cpu_request, "memory": f"{min(memory_request_mib, memory_mib)}Mi"},
        "limits": {"cpu": cpus, "memory": f"{memory_mib}Mi"},
    }


def _own_agent_image(plan: Plan) -> str:
    agent = plan.services[0].agent
    return "" if agent.image.name == f"jaegertracing/jaeger-agent:{agent.version}" else agent.image.name


def _sample_image(plan: Plan) -> str:
    from sidecar.images.names import official

    return next((one.image.name for one in plan.services if one.image.build_target), official().sample.name)


def _service(service: ServicePlan, plan: Plan) -> Values:
    values: Values = {"port": service.port, "replicas": 1}
    if not service.image.build_target:
        values["image"] = service.image.name
    if service.command:
        values["args"] = [literal(word) for word in service.command]
    environment, peers = _environment(service, plan)
    values |= {key: value for key, value in (("env", environment), ("peers", peers)) if value}
    if service.image.build_target and service.name == "frontend":
        values["example"] = "/greet?name=you"
    if health := _health(service):
        values["health"] = health
    if service.user:
        values["runAsUser"] = int(service.user.partition(":")[0])
    if not service.hardened:
        values["readOnlyRootFilesystem"] = False
    if service.memory_mib:
        values["resources"] = resources(service.memory_mib, "1", "20m", 128)
    return values


def literal(text: str) -> str:
    """Return a text that Kubernetes hands on as it is: it reads `$(NAME)` as a variable and `$$` as `$`."""
    return re.sub(r"\$(?=[$(])", "$$$$", text)


def _environment(service: ServicePlan, plan: Plan) -> tuple[Values, Values]:
    """Return the variables that are not the chart's own, and of these the addresses of other services."""
    chart_sets = {
        "JAEGER_AGENT_HOST": service.agent.name,
        "JAEGER_AGENT_PORT": "6831",
        "JAEGER_SERVICE_NAME": service.name,
    }
    ports = {one.name: one.port for one in plan.services}
    environment: Values = {}
    peers: Values = {}
    for name, value in sorted(service.environment.items()):
        url = _URL.fullmatch(value)
        if value in (chart_sets.get(name), DIRECT.get(name)):
            continue
        if url and ports.get(url["host"]) == int(url["port"]):
            optional = {"scheme": url["scheme"], "path": url["path"] or ""}
            defaults = {"scheme": "http", "path": ""}
            peers[name] = {"service": url["host"], **difference(optional, defaults)}
        else:
            environment[name] = literal(value)
    return environment, peers


def _health(service: ServicePlan) -> Values:
    if not service.health:
        return {}
    fetch = _FETCH.search(service.health[-1])
    return {"path": fetch["path"]} if fetch else {"command": list(service.health)}
