"""Runs a program of the kit inside a running pod: an ephemeral container, which shares the pod's loopback.

A pod keeps its ended ephemeral containers in its record until it is replaced; the kit adds one a look.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from sidecar.kubernetes.pods import Pod, trouble_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.kubectl import Kubectl

START_SECONDS = 60.0
"""For pulling the image and starting."""
USER = 10001
_POLL_SECONDS = 0.5
_TRIES = 5
_HOPELESS = {
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
}
_UNPULLED = {"ErrImagePull", "ImagePullBackOff"}
_NO_OTHER_WAY = (
    "An agent answers on its pod's loopback, which a Pod of its own does not share: permit update of "
    "pods/ephemeralcontainers (docs/verify.md), or prove delivery with `helm test`"
)


def container_of(name: str, image: str, command: Sequence[str]) -> dict[str, Any]:
    """Return the ephemeral container: what Pod Security `restricted` asks for, and a root that cannot be written to."""
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


def look_inside(
    kubectl: Kubectl, pod: Pod, image: str, command: Sequence[str], seconds: float
) -> str:
    """Run a command, which may take `seconds`, in a pod of its image's; return what it printed.

    Raises SidecarError where the pod, its namespace or this user does not allow it, or the command does not end.
    """
    name = f"sidecar-verify-{secrets.token_hex(4)}"
    _add(kubectl, pod, container_of(name, image, command))
    _wait(kubectl, pod, name, image, START_SECONDS + seconds)
    return kubectl.run("logs", pod.name, f"--container={name}")


def _add(kubectl: Kubectl, pod: Pod, container: dict[str, Any]) -> None:
    """Add the container; a pod that changed in between is read again."""
    for left in reversed(range(_TRIES)):
        data = kubectl.get("pod", pod.name)
        data["spec"]["ephemeralContainers"] = [
            *data["spec"].get("ephemeralContainers", []),
            container,
        ]
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/ephemeralcontainers"
        try:
            kubectl.run("replace", f"--raw={path}", "--filename=-", stdin=json.dumps(data))
        except ConflictError:
            if not left:
                raise
        except (ForbiddenError, RefusedError) as error:
            raise type(error)(pod.name, error.cause, _NO_OTHER_WAY) from None
        except NotFoundError:
            raise SidecarError(
                pod.name, "ended while it was looked at", "Wait for the rollout, and verify again"
            ) from None
        else:
            return


def _wait(kubectl: Kubectl, pod: Pod, container: str, image: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    pulled_by = time.monotonic() + START_SECONDS / 2
    while True:
        data = kubectl.get("pod", pod.name)
        status = Pod(pod.name, pod.namespace, data).status_of(container)
        state = status.get("state", {})
        if "terminated" in state:
            return
        reason = state.get("waiting", {}).get("reason", "")
        # a registry that is slow to answer is tried again by the node before it is believed
        if reason in _HOPELESS or (reason in _UNPULLED and time.monotonic() > pulled_by):
            raise SidecarError(
                pod.name,
                f"cannot run {image}: {reason}",
                "Name one that the cluster has: --image IMAGE",
            )
        if time.monotonic() > deadline:
            cause = f"the look from inside did not end within {seconds:g} s: {trouble_of(status) or 'it runs'}"
            raise SidecarError(
                pod.name, cause, "See kubectl describe pod; --image names another image"
            )
        time.sleep(_POLL_SECONDS)
