"""What a platform team checks of a chart's objects: Pod Security, limits, ports, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Object = dict[str, Any]

LABELS = ("name", "instance", "version", "component", "part-of", "managed-by")
_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "name",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""What Pod Security `restricted` permits, and the volume's name."""
_AGENT_PORTS = {5775, 5778, 6831, 6832, "jaeger-compact"}
_ADMIN_PORT = {14271, "agent-admin"}
_INSIDE = ("127.0.0.1:", "[$(POD_IP)]:")
"""Loopback, or the pod's own address, which `metrics.enabled` asks for."""


def pod_of(each: Object) -> Object | None:
    """Return the pod's spec in an object; None where it has none."""
    spec = each.get("spec", {})
    if each["kind"] == "Pod":
        return dict(spec)
    if each["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template")
    found = template.get("spec") if isinstance(template, dict) else None
    return dict(found) if found else None


def containers_of(pod: Object) -> list[Object]:
    """Return every container of a pod."""
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def egress_of(objects: Iterable[Object]) -> dict[str, set[int]]:
    """Return the ports to which each NetworkPolicy lets pods connect, by its name."""
    return {
        each["metadata"]["name"]: {
            port["port"]
            for rule in each["spec"].get("egress", [])
            for port in rule.get("ports", [])
        }
        for each in objects
        if each["kind"] == "NetworkPolicy"
    }


def problems_of(objects: Iterable[Object], *, is_scraped: bool = False) -> list[str]:
    """Return "KIND NAME: PROBLEM" for all that a cluster would refuse, or a careful reviewer.

    Where Prometheus scrapes the agents, Services may serve the admin port.
    """
    unserved = _AGENT_PORTS if is_scraped else _AGENT_PORTS | _ADMIN_PORT
    return [
        f"{each['kind']} {each['metadata']['name']}: {problem}"
        for each in objects
        for problem in (*_labels(each), *_served(each, unserved), *_pod(pod_of(each) or {}))
    ]


def _labels(each: Object) -> Iterator[str]:
    labels = each["metadata"].get("labels", {})
    for name in LABELS:
        if f"app.kubernetes.io/{name}" not in labels:
            yield f"lacks app.kubernetes.io/{name}"


def is_of_relays(each: Object) -> bool:
    """Tell whether an object is a Service of relays."""
    selected = each["spec"].get("selector", {}) if each["kind"] == "Service" else {}
    return selected.get("app.kubernetes.io/component") == "relay"


def _served(each: Object, unserved: set[int | str]) -> Iterator[str]:
    ports = each["spec"].get("ports", []) if each["kind"] == "Service" else []
    if is_of_relays(each):  # whose collectors belong to no pod of a service
        return
    for port in ports:
        if {port["port"], port.get("targetPort")} & unserved:
            yield f"serves {port['port']}, a port of the agent"


def _pod(pod: Object) -> Iterator[str]:
    if pod and pod.get("automountServiceAccountToken") is not False:
        yield "mounts a service account's token"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"shares the node: {name}"
    for volume in pod.get("volumes", []):
        if other := volume.keys() - _VOLUMES:
            yield f"volume {volume['name']} is restricted: {', '.join(other)}"
    for container in containers_of(pod):
        for problem in _container(container, pod):
            yield f"container {container['name']} {problem}"


def _container(container: Object, pod: Object) -> Iterator[str]:
    yield from _security(container, pod)
    yield from _limits(container)
    yield from _exposed(container)
    yield from _listening(container)


def _security(container: Object, pod: Object) -> Iterator[str]:
    context = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    wanted = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
    }
    for name, value in wanted.items():
        if context.get(name) is not value:
            yield f"has {name} not {str(value).lower()}"
    capabilities = context.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"]:
        yield "keeps capabilities"
    if capabilities.get("add") or context.get("privileged"):
        yield "adds privileges"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if context.get("runAsUser") == 0:
        yield "runs as root"


def _limits(container: Object) -> Iterator[str]:
    resources = container.get("resources", {})
    for section in ("requests", "limits"):
        for name in ("cpu", "memory"):
            if name not in resources.get(section, {}):
                yield f"has no {name} in {section}"


def _exposed(container: Object) -> Iterator[str]:
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node"
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if "host" in container.get(name, {}).get("httpGet", {}):
            yield f"names a host in its {name}, which Pod Security refuses from 1.34"
    image = container["image"]
    if image.endswith(":latest") or ":" not in image.rpartition("/")[2]:
        yield f"has no exact image version: {image}"


def _listening(container: Object) -> Iterator[str]:
    """Yield the agent's flags with which it listens for more than its pod."""
    for argument in container.get("args", []):
        flag, _, value = str(argument).partition("=")
        listens = flag.endswith("host-port") and flag != "--reporter.grpc.host-port"
        if flag == "--admin-http-port" or (listens and not value.startswith(_INSIDE)):
            yield f"listens beyond its pod: {argument}"
