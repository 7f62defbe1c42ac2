"""Runs a command in a pod of its own, which is removed when the command ends."""

from __future__ import annotations

import atexit
import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.kubernetes.ephemeral import container_of
from sidecar.kubernetes.pods import Pod, trouble_of
from sidecar.rules.machines import CHECK_UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidecar.kubernetes.kubectl import Kubectl

LABEL = "sidecar-kit/short-lived"
_CONTAINER = "look"
_LONGEST = 60
"""Seconds after which the cluster itself ends the pod."""
_POLL_SECONDS = 0.2
_SMALL = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}}
_HOPELESS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}


def pod_of(
    image: str, command: Sequence[str], resources: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a pod of a new name: it meets `restricted`, and has no access to the API.

    Without requests and limits, it has small ones.
    """
    name = f"sidecar-preflight-{secrets.token_hex(4)}"
    container = container_of(_CONTAINER, image, command)
    container["resources"] = resources or _SMALL
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {LABEL: "true"}},
        "spec": {
            "containers": [container],
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "activeDeadlineSeconds": _LONGEST,
            "terminationGracePeriodSeconds": 0,
        },
    }


def run_pod(kubectl: Kubectl, pod: Mapping[str, Any], seconds: float) -> str:
    """Run a pod to its end, and return what it printed.

    Raises SidecarError where the namespace or this user does not allow it, or the command does not
    end within `seconds`. The pod is removed in every case.
    """
    name = pod["metadata"]["name"]
    image = pod["spec"]["containers"][0]["image"]

    def remove() -> None:
        with suppress(SidecarError):
            words = ("pod", name, "--wait=false", "--ignore-not-found", "--grace-period=0")
            kubectl.run("delete", *words, seconds=5)

    atexit.register(remove)  # for a command that ends before this one
    try:
        kubectl.run("create", "--filename=-", stdin=json.dumps(pod), seconds=seconds)
        _wait(kubectl, name, image, seconds)
        return kubectl.run("logs", name, seconds=5)
    finally:
        remove()
        atexit.unregister(remove)


def _wait(kubectl: Kubectl, name: str, image: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        data = kubectl.get("pod", name)
        status = Pod(name, kubectl.namespace, data).status_of(_CONTAINER)
        state = status.get("state", {})
        if "terminated" in state:
            return
        if state.get("waiting", {}).get("reason") in _HOPELESS:
            raise SidecarError(name, f"cannot run {image}: {state['waiting']['reason']}")
        if time.monotonic() > end:
            why = trouble_of(status) or "is not started yet"
            slow = CHECK_UNFINISHED.problem(f"did not end within {seconds:g} s: it {why}")
            raise SidecarError.from_problem(name, slow)
        time.sleep(_POLL_SECONDS)
