"""Where an agent can be reached from outside its pod, and roots that can be written to, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.findings import Finding, Severity
from sidecar.targets.helm.checks import pod_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Object = dict[str, Any]
    Problem = tuple[Severity, str, str, str]

_AGENT_PORTS = {5775, 5778, 6831, 6832, 14271, "jaeger-compact", "agent-admin"}
_INSIDE = ("127.0.0.1:", "[$(POD_IP)]:")
"""Loopback, or the pod's own address, which `metrics.enabled` asks for."""


def check_exposure(objects: Iterable[Object]) -> list[Finding]:
    """Return what of an agent is served beyond its pod, and containers that may write to their root."""
    return [
        Finding(severity, f"{one['kind']} {one['metadata']['name']}", place, cause, fix)
        for one in objects
        for severity, place, cause, fix in (*_served(one), *_containers(pod_of(one) or {}))
    ]


def _served(one: Object) -> Iterator[Problem]:
    for port in one["spec"].get("ports", []) if one["kind"] == "Service" else []:
        if {port["port"], port.get("targetPort")} & _AGENT_PORTS:
            cause = f"serves {port['port']}, an agent's port"
            yield Severity.ERROR, "spec.ports", cause, "A service reaches its agent on loopback"


def _containers(pod: Object) -> Iterator[Problem]:
    for container in (*pod.get("initContainers", []), *pod.get("containers", [])):
        place = f"containers.{container['name']}"
        if not container.get("securityContext", {}).get("readOnlyRootFilesystem"):
            fix = "Leave readOnlyRootFilesystem true; /tmp is writable"
            yield Severity.WARNING, place, "may write to its root", fix
        for argument in container.get("args", []):
            flag, _, value = str(argument).partition("=")
            if flag == "--admin-http-port":
                fix = "Use agent 1.18.0 or later, which binds it to loopback"
                yield Severity.WARNING, place, "serves its admin port beyond the pod", fix
            elif _listens(flag) and not value.startswith(_INSIDE):
                yield (
                    Severity.ERROR,
                    place,
                    f"listens beyond the pod: {argument}",
                    "Bind it to 127.0.0.1",
                )


def _listens(flag: str) -> bool:
    return flag.endswith("host-port") and flag != "--reporter.grpc.host-port"
