"""What a platform team checks of a chart's objects, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Object = dict[str, Any]

_STANDARD = ("name", "instance", "version", "component", "part-of", "managed-by")
_RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
}
_RESTRICTED_VOLUMES |= {"projected", "secret", "name"}
_SHARED = ("hostNetwork", "hostPID", "hostIPC")


def check_objects(objects: Iterable[Object]) -> list[Finding]:
    """Return what would be refused by Pod Security `restricted`, or by a careful reviewer."""
    return [
        Finding(Severity.ERROR, f"{one['kind']} {one['metadata']['name']}", place, cause, fix)
        for one in objects
        for place, cause, fix in (*_labels(one), *_pod(pod_of(one)))
    ]


def pod_of(one: Object) -> Object | None:
    """Return the pod's spec in an object; None where it has none."""
    spec = one.get("spec", {})
    if one["kind"] == "Pod":
        return dict(spec)
    if one["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found = spec.get("template", {}).get("spec") if isinstance(spec.get("template"), dict) else None
    return dict(found) if found else None


Problem = tuple[str, str, str]


def _labels(one: Object) -> Iterator[Problem]:
    labels = one["metadata"].get("labels", {})
    for name in _STANDARD:
        if f"app.kubernetes.io/{name}" not in labels:
            yield "metadata.labels", f"lacks app.kubernetes.io/{name}", "Give the standard labels"


def _pod(pod: Object | None) -> Iterator[Problem]:
    if pod is None:
        return
    if pod.get("automountServiceAccountToken") is not False:
        yield "spec", "mounts a service account's token", "Set automountServiceAccountToken: false"
    for name in _SHARED:
        if pod.get(name):
            yield "spec", f"shares the node: {name}", "Remove it"
    for volume in pod.get("volumes", []):
        if unknown := volume.keys() - _RESTRICTED_VOLUMES:
            yield (
                f"volumes.{volume['name']}",
                f"is of a restricted kind: {', '.join(unknown)}",
                "Use another",
            )
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        for cause, fix in (*_security(container, pod), *_limits(container), *_exposure(container)):
            yield f"containers.{container['name']}", cause, fix


def _security(container: Object, pod: Object) -> Iterator[tuple[str, str]]:
    context: Mapping[str, Any] = {
        **pod.get("securityContext", {}),
        **container.get("securityContext", {}),
    }
    wanted = {"allowPrivilegeEscalation": False, "runAsNonRoot": True}
    for name, value in wanted.items():
        if context.get(name) is not value:
            yield f"has {name} not {str(value).lower()}", "Set it in securityContext"
    if context.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps capabilities", "Drop ALL"
    if context.get("capabilities", {}).get("add") or context.get("privileged"):
        yield "adds privileges", "Remove them"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile", "Use RuntimeDefault"
    if context.get("runAsUser") == 0:
        yield "runs as root", "Use another user"


def _limits(container: Object) -> Iterator[tuple[str, str]]:
    resources = container.get("resources", {})
    for kind in ("requests", "limits"):
        for what in ("cpu", "memory"):
            if what not in resources.get(kind, {}):
                yield f"has no {what} in {kind}", "Give resources"


def _exposure(container: Object) -> Iterator[tuple[str, str]]:
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node", "Use a Service"
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if "host" in container.get(name, {}).get("httpGet", {}):
            yield f"names a host in its {name}", "Pod Security refuses it from 1.34; use exec"
    if container["image"].endswith(":latest") or ":" not in container["image"].rpartition("/")[2]:
        yield f"has no exact image version: {container['image']}", "Give a tag or a digest"
