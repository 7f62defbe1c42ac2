"""A look into a pod: what its program is given, and what only the cluster knows of the replica."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.ephemeral import among
from sidecar.kubernetes.pods import AGENT, admin_of, agent_of, compact_port_of
from sidecar.verify.look import ReplicaLook
from sidecar.verify.network.namespace import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.look import Task

_PATH_ONLY = "--path-only"


def look_argv(pod: Pod, task: Task) -> tuple[str, ...]:
    """Return the program that looks from inside a pod."""
    return (
        *("python", "-m", "sidecar.verify.pod.look"),
        f"--service={pod.service}",
        f"--marker={task.marker}",
        f"--spans={task.spans}",
        f"--seconds={task.seconds}",
        f"--agent={agent_of(pod)}",
        f"--admin={admin_of(pod)}",
        *((f"--relays={pod.relays}",) if pod.relays else ()),
        *(f"--request={url}" for url in task.urls),
        *(("--traced",) if task.traced else ()),
        *(("--patient",) if task.patient else ()),
        *((_PATH_ONLY,) if task.path_only else ()),
    )


def of_pod(pod: Pod, replica: ReplicaLook) -> ReplicaLook:
    """Return a replica with what only the cluster knows of it."""
    variables = {}
    for container in pod.data["spec"]["containers"]:
        if container["name"] != AGENT:
            pairs = (f"{one['name']}={one.get('value', '')}" for one in container.get("env", []))
            variables.update(chosen(pairs))
    port = compact_port_of(pod)
    own = replace(replica, name=pod.name, hostname=pod.hostname, service=pod.service)
    return replace(own, port=port, variables=variables)


def of_ended(pod: Pod) -> ReplicaLook:
    """Return a replica that has done its work: only its own spans can prove it."""
    return ReplicaLook(pod.name, hostname=pod.hostname, service=pod.service, ended=True)


def seeing(pod: Pod, image: str, command: Sequence[str]) -> dict[str, Any] | None:
    """Return the container of a look that reads the service's variables; None where none can."""
    name = _service_of(pod)
    if not name or _PATH_ONLY in command:
        return None
    return among(pod, name, image, (*command, "--variables"))


def _service_of(pod: Pod) -> str:
    """Return the running container whose variables tell most of the service; empty for none."""
    names = [
        (not any(each["name"].startswith("JAEGER_") for each in container.get("env") or ()), name)
        for container in pod.data["spec"]["containers"]
        if (name := str(container["name"])) != AGENT and pod.runs(name)
    ]
    return min(names, default=(False, ""))[1]
