"""The plan in a bundle without a spec, as far as the rendering shows it.

Its keys are those of `sidecar plan --output json`, as far as a rendering has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.engine.project import ROLE, SERVICE, token_file_of
from sidecar.kubernetes.pods import AGENT, service_of
from sidecar.rendering import COMPOSE_FILE
from sidecar.watch.evidence import shown_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Object = Mapping[str, Any]


def of_compose(config: Object) -> dict[str, Any]:
    """Return the plan that a Compose file shows, as Compose reads it."""
    parts = {_part(settings): settings for settings in (config.get("services") or {}).values()}
    services = [
        _compose_service(settings, parts.get(("agent", name)))
        for (role, name), settings in sorted(parts.items())
        if role == "service"
    ]
    return {
        "from": [COMPOSE_FILE],
        "project": config.get("name"),
        "x-sidecar": config.get("x-sidecar"),
        "token_file": token_file_of(config),
        "services": services,
    }


def of_workloads(workloads: Iterable[Object]) -> dict[str, Any]:
    """Return the plan that a release's workloads show.

    The values of the chart are in a Secret with all that a user set, which verify does not read.
    """
    services = [_workload(workload) for workload in workloads if _agent_of(workload)]
    return {"from": ["the release's workloads"], "services": services}


def _part(settings: Object) -> tuple[str, str]:
    labels = settings.get("labels") or {}
    return str(labels.get(ROLE, "")), str(labels.get(SERVICE, ""))


def _compose_service(settings: Object, agent: Object | None) -> dict[str, Any]:
    return {
        "name": _part(settings)[1],
        "image": {"name": settings.get("image")},
        "command": settings.get("command"),
        "environment": shown_variables(settings.get("environment") or {}),
        "replicas": (settings.get("deploy") or {}).get("replicas", settings.get("scale", 1)),
        "agent": agent and _agent(agent, agent.get("command")),
    }


def _workload(workload: Object) -> dict[str, Any]:
    template = workload["spec"]["template"]
    agent = _agent_of(workload) or {}
    variables = {
        each["name"]: str(each.get("value", ""))
        for container in template["spec"]["containers"]
        if container["name"] != AGENT
        for each in container.get("env") or ()
    }
    return {
        "name": service_of(template, workload["metadata"]["name"]),
        "images": [
            each["image"] for each in template["spec"]["containers"] if each["name"] != AGENT
        ],
        "environment": shown_variables(variables),
        "replicas": workload["spec"].get("replicas"),
        "agent": _agent(agent, agent.get("args")),
    }


def _agent(agent: Object, argv: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"image": {"name": agent.get("image")}, "argv": argv}


def _agent_of(workload: Object) -> Object | None:
    spec = workload["spec"]["template"]["spec"]
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return next((each for each in containers if each["name"] == AGENT), None)
