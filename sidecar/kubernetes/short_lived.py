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
    from collections.abc import Sequence

    from sidecar.kubernetes.kubectl import Kubectl

LABEL = "sidecar-kit/short-lived"
_CONTAINER = "look"
_LONGEST = 60
"""Seconds after which the cluster itself ends the pod."""
_POLL_SECONDS = 0.2
_HOPELESS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"}


def pod_of(name: str, image: str, command: Sequence[str]) -> dict[str, Any]:
    """Return the pod: it meets Pod Security `restricted`, and has no access to the API."""
    container = container_of(_CONTAINER, image, command)
    container["resources"] = {
        "requests": {"cpu": "10m", "memory": "32Mi"},
        "limits": {"memory": "128Mi"},
    }
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


def run_pod(kubectl: Kubectl, image: str, command: Sequence[str], seconds: float) -> str:
    """Run a command of an image in a new pod, and return what it printed.

    Raises SidecarError where the namespace or this user does not allow it, or the command does not
    end within `seconds`. The pod is removed in every case.
    """
    name = f"sidecar-preflight-{secrets.token_hex(4)}"

    def remove() -> None:
        with suppress(SidecarError):
            words = ("pod", name, "--wait=false", "--ignore-not-found", "--grace-period=0")
            kubectl.run("delete", *words, seconds=5)

    atexit.register(remove)  # for a command that ends before this one
    try:
        pod = json.dumps(pod_of(name, image, command))
        kubectl.run("create", "--filename=-", stdin=pod, seconds=seconds)
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
