"""What the kit reads of a pod: whose it is, how its containers are, where its agent answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGENT, GATEWAY = "jaeger-agent", "gateway"
"""Names of the chart's containers."""
INSTANCE, COMPONENT, NAME = (
    f"app.kubernetes.io/{word}" for word in ("instance", "component", "name")
)
PROBE_IMAGE = "sidecar-kit/probe"
"""Annotation: the image that `sidecar verify` looks into the pod with."""
_LOOPBACK = "127.0.0.1"
_ANY = ("", "0.0.0.0", "[::]", "::")  # noqa: S104 - what an agent's flag may hold

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """One pod."""

    name: str
    namespace: str
    data: Object = field(repr=False)
    """As the cluster gives it."""

    @property
    def service(self) -> str:
        """The workload that it belongs to: the chart's component, else the application's name."""
        labels = self.data["metadata"].get("labels", {})
        return str(labels.get(COMPONENT) or labels.get(NAME) or labels.get("app") or self.name)

    @property
    def image(self) -> str:
        """What the chart says to look into it with; may be empty."""
        return str(self.data["metadata"].get("annotations", {}).get(PROBE_IMAGE, ""))

    @property
    def ready(self) -> bool:
        """Tell whether the cluster sends it requests."""
        conditions = self.data.get("status", {}).get("conditions", [])
        return (
            self.alive
            and {"Ready": "True"}.items()
            <= {one["type"]: one["status"] for one in conditions}.items()
        )

    @property
    def alive(self) -> bool:
        """Tell whether it runs, and is not about to end."""
        return (
            "deletionTimestamp" not in self.data["metadata"]
            and self.data["status"].get("phase") == "Running"
        )

    def container(self, name: str) -> Object | None:
        """Return a container's specification, wherever the pod has it."""
        spec = self.data["spec"]
        found = (
            *spec["containers"],
            *spec.get("initContainers", []),
            *spec.get("ephemeralContainers", []),
        )
        return next((one for one in found if one["name"] == name), None)

    def status_of(self, container: str) -> Object:
        """Return a container's status; empty where there is none yet."""
        status = self.data["status"]
        kinds = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        found = (one for kind in kinds for one in status.get(kind, []))
        return next((one for one in found if one["name"] == container), {})

    def trouble(self) -> str:
        """Return why it is not ready, in one line: its containers that do not run, else its phase."""
        names = [
            one["name"]
            for one in (
                *self.data["spec"].get("initContainers", []),
                *self.data["spec"]["containers"],
            )
        ]
        troubled = [
            f"container {name} {why}" for name in names if (why := trouble_of(self.status_of(name)))
        ]
        return (
            ", ".join(troubled)
            or f"is {self.data['status'].get('phase', 'unknown')}, and not ready"
        )


def trouble_of(status: Object, *, may_end: bool = True) -> str:
    """Return why a container does not run, from its status; empty for one that runs, or ended well where it may."""
    state = status.get("state", {})
    if ended := state.get("terminated"):
        return "" if may_end and not ended["exitCode"] else f"ended: {_end(ended)}"
    if not (waiting := state.get("waiting")):
        return ""
    last = status.get("lastState", {}).get("terminated")
    return f"waits: {waiting.get('reason', 'unknown')}" + (
        f", last ended: {_end(last)}" if last else ""
    )


def _end(terminated: Object) -> str:
    return f"{terminated.get('reason', 'Error')}, exit code {terminated['exitCode']}"


def pods_of(answer: Object) -> list[Pod]:
    """Return the pods of a `kubectl get pods` answer, by name."""
    found = [
        Pod(one["metadata"]["name"], one["metadata"]["namespace"], one) for one in answer["items"]
    ]
    return sorted(found, key=lambda pod: pod.name)


def admin_of(pod: Pod) -> str:
    """Return the URL of the agent's admin port as seen from inside its pod."""
    host, port = _flag(pod, "--admin.http.host-port", "").rpartition(":")[::2]
    if "$(POD_IP)" in host:
        host = str(pod.data["status"].get("podIP", _LOOPBACK))
    host = _LOOPBACK if host in _ANY else host
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{shown}:{port or _flag(pod, '--admin-http-port', '14271')}"


def agent_of(pod: Pod) -> str:
    """Return the HOST:PORT that the pod's service reports to: its own variables', else the agent's on loopback."""
    given: dict[str, str] = {}
    for container in pod.data["spec"]["containers"]:
        given |= {one["name"]: one["value"] for one in container.get("env", []) if one.get("value")}
    return f"{given.get('JAEGER_AGENT_HOST', _LOOPBACK)}:{given.get('JAEGER_AGENT_PORT', '6831')}"


def _flag(pod: Pod, name: str, default: str) -> str:
    args = (pod.container(AGENT) or {}).get("args", [])
    return next(
        (str(one).partition("=")[2] for one in args if str(one).startswith(f"{name}=")), default
    )
