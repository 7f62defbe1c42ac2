"""Runs a program of the kit in a running pod: in an ephemeral container, on the pod's loopback.

A pod keeps its ended ephemeral containers in its record until it is replaced; the kit adds one per
look.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.pods import Pod, trouble_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sidecar.kubernetes.kubectl import Kubectl

START_SECONDS = 60.0
"""For pulling the image and starting."""
USER = 10001
_POLL_SECONDS = 0.5
_TRIES = 5
_END_SECONDS = 1.0
_HOPELESS = {
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
}
_UNPULLED = {"ErrImagePull", "ImagePullBackOff"}
_NO_OTHER_WAY = (
    "An agent answers on its pod's loopback, which another Pod does not share: permit update of "
    "pods/ephemeralcontainers (docs/verify.md), or prove delivery with `helm test`"
)


def container_of(name: str, image: str, command: Sequence[str]) -> dict[str, Any]:
    """Return the ephemeral container: it meets Pod Security `restricted`, its root is read-only."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationMessagePolicy": "File",
    }


def beside(pod: Pod, container: str, image: str, command: Sequence[str]) -> dict[str, Any]:
    """Return an ephemeral container with the processes of a container of the pod, and its user."""
    made = {**named(image, command), "targetContainerName": container}
    users = (pod.container(container) or {}, pod.data["spec"])
    for settings in (each.get("securityContext", {}) for each in users):
        if user := settings.get("runAsUser"):
            made["securityContext"]["runAsUser"] = user
            break
    return made


def among(pod: Pod, container: str, image: str, command: Sequence[str]) -> dict[str, Any] | None:
    """Return an ephemeral container that may read a container's processes; None if there is none.

    The kernel shows them to their own user, if that has all their capabilities. This one has no
    more rights than the container itself.
    """
    settings = (pod.container(container) or {}).get("securityContext") or {}
    user, group = _user_of(pod, container)
    capabilities = settings.get("capabilities") or {}
    if user is None or (user == 0 and (capabilities.get("add") or settings.get("privileged"))):
        return None
    made = {**named(image, command), "targetContainerName": container}
    context = made["securityContext"]
    context |= {"runAsUser": user, "runAsGroup": group, "runAsNonRoot": user != 0}
    if group is None:
        del context["runAsGroup"]
    if user == 0 and not capabilities.get("drop"):
        del context["capabilities"]
    return made


def _user_of(pod: Pod, container: str) -> tuple[int | None, int | None]:
    """Return the user and group of a container's first process; None where they are not stated."""
    if running := (pod.status_of(container).get("user") or {}).get("linux"):
        return running.get("uid"), running.get("gid")
    places = (pod.container(container) or {}, pod.data["spec"])
    settings = [each.get("securityContext") or {} for each in places]
    user, group = (
        next((each[name] for each in settings if name in each), None)
        for name in ("runAsUser", "runAsGroup")
    )
    return user, group


def named(image: str, command: Sequence[str]) -> dict[str, Any]:
    """Return an ephemeral container with a name of its own."""
    return container_of(f"sidecar-verify-{secrets.token_hex(4)}", image, command)


def run_inside(
    kubectl: Kubectl, pod: Pod, image: str, command: Sequence[str], seconds: float
) -> str:
    """Run a command of an image, which may take `seconds`, in a pod; return what it printed.

    Raises SidecarError where the pod, its namespace or this user does not allow it, or the command
    does not end.
    """
    return run_container(kubectl, pod, named(image, command), seconds)


def run_container(kubectl: Kubectl, pod: Pod, container: dict[str, Any], seconds: float) -> str:
    """Run an ephemeral container to its end; else as `run_inside`."""
    _add(kubectl, pod, container)
    _wait(kubectl, pod, container, START_SECONDS + seconds)
    return kubectl.run("logs", pod.name, f"--container={container['name']}")


def start_container(kubectl: Kubectl, pod: Pod, container: dict[str, Any]) -> None:
    """Start an ephemeral container, and return once it runs or has ended."""
    _add(kubectl, pod, container)
    _wait(kubectl, pod, container, START_SECONDS, ("running", "terminated"))


def end_container(kubectl: Kubectl, pod: str, container: str, command: Sequence[str]) -> None:
    """Run the command that ends a container, even one that is just being started."""
    for _ in range(_TRIES):
        if _is_told(kubectl, pod, container, command):
            return
        time.sleep(_END_SECONDS)


def _is_told(kubectl: Kubectl, pod: str, container: str, command: Sequence[str]) -> bool:
    try:
        kubectl.run("exec", pod, f"--container={container}", "--", *command)
    except NotFoundError:  # the pod has ended
        return True
    except SidecarError:
        return False
    return True


def _add(kubectl: Kubectl, pod: Pod, container: dict[str, Any]) -> None:
    """Add the container; a pod that changed in between is read again."""
    for left in reversed(range(_TRIES)):
        data = kubectl.get("pod", pod.name)
        earlier = data["spec"].get("ephemeralContainers", [])
        data["spec"]["ephemeralContainers"] = [*earlier, container]
        try:
            _replace(kubectl, pod, data)
        except ConflictError:
            if not left:
                raise
        else:
            return


def _replace(kubectl: Kubectl, pod: Pod, data: dict[str, Any]) -> None:
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/ephemeralcontainers"
    try:
        kubectl.run("replace", f"--raw={path}", "--filename=-", stdin=json.dumps(data))
    except (ForbiddenError, RefusedError) as error:
        raise type(error)(pod.name, error.cause, _NO_OTHER_WAY) from None
    except NotFoundError:
        fix = "Wait for the rollout, and verify again"
        raise SidecarError(pod.name, "ended during the check", fix) from None


def _wait(
    kubectl: Kubectl,
    pod: Pod,
    container: Mapping[str, Any],
    seconds: float,
    states: Collection[str] = ("terminated",),
) -> None:
    """Return when the container is in one of these states. Raises SidecarError where it is not."""
    began = time.monotonic()
    while True:
        data = kubectl.get("pod", pod.name)
        status = Pod(pod.name, pod.namespace, data).status_of(container["name"])
        if not status.get("state", {}).keys().isdisjoint(states):
            return
        waited = time.monotonic() - began
        _check_image(pod, status, container["image"], waited)
        if waited > seconds:
            state = trouble_of(status) or "it runs"
            cause = f"the check from inside the pod did not finish within {seconds:g} s: {state}"
            fix = f"See `kubectl describe pod {pod.name}`; --image names another image"
            raise SidecarError(pod.name, cause, placed(fix, kubectl))
        time.sleep(_POLL_SECONDS)


def _check_image(pod: Pod, status: Mapping[str, Any], image: str, waited: float) -> None:
    reason = status.get("state", {}).get("waiting", {}).get("reason", "")
    # the node retries a pull, so that a slow registry gets half of the time
    unpulled = reason in _UNPULLED and waited > START_SECONDS / 2
    if reason in _HOPELESS or unpulled:
        fix = "Name one that the cluster has: --image IMAGE"
        raise SidecarError(pod.name, f"cannot run {image}: {reason}", fix)
