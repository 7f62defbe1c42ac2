"""A look into a pod: what its program is given, and what only the cluster knows of the replica."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.kubernetes.pods import AGENT, admin_of, agent_of, compact_port_of
from sidecar.verify.network.namespace import chosen

if TYPE_CHECKING:
    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.look import ReplicaLook, Task


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
        *(f"--request={url}" for url in task.urls),
        *(("--traced",) if task.traced else ()),
        *(("--patient",) if task.patient else ()),
        *(("--path-only",) if task.path_only else ()),
    )


def of_pod(pod: Pod, replica: ReplicaLook) -> ReplicaLook:
    """Return a replica with what only the cluster knows of it."""
    variables = {}
    for container in pod.data["spec"]["containers"]:
        if container["name"] != AGENT:
            pairs = (f"{one['name']}={one.get('value', '')}" for one in container.get("env", []))
            variables.update(chosen(pairs))
    port = compact_port_of(pod)
    return replace(replica, name=pod.name, hostname=pod.name, port=port, variables=variables)
