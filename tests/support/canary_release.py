"""The release that tests share: the sample with the stand-in, and an existing Secret."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from helm_charts import CHART
from kubernetes_cluster import wait_until

if TYPE_CHECKING:
    from kubernetes_cluster import Namespace

CANARY = "canary7@f00dfeedcafe_canary7@0ddba11b0b0b0b0"
OPTIONS = ("--set", "existingSecret=tracing")
WAIT = ("--wait", "--timeout", "120s")
FRONTEND, GATEWAY = "http://demo-frontend:8080", "http://demo-gateway:16686"


COLLECTORS = ("-f", CHART / "ci" / "collector-values.yaml")


def with_collectors(image: str) -> tuple[object, ...]:
    """Return the options of a release whose agents are collectors of this image."""
    return (*COLLECTORS, "--set", f"images.agent={image}")


def install(space: Namespace) -> None:
    """Install it as `demo`."""
    space.set_token("tracing", CANARY)
    space.helm("install", "demo", CHART, *OPTIONS, *WAIT)


def upgrade(space: Namespace, *changes: object) -> None:
    """Upgrade it with these changes, or back to its own values, and wait until it is ready.

    Helm returns while pods of before are there that are about to end.
    """
    space.helm("upgrade", "demo", CHART, *OPTIONS, *changes, *WAIT)
    wait_until(lambda: is_settled(space), 90, "only the pods of the upgrade are left")


def is_settled(space: Namespace) -> bool:
    """Tell whether the release has exactly the pods that it should have, and all are ready."""
    label = ("-l", "app.kubernetes.io/instance=demo")
    found = space.get("deployments", *label)
    pods = [each for each in space.get("pods", *label) if _owner(each) == "ReplicaSet"]
    wanted = sum(each["spec"]["replicas"] for each in found)
    return len(pods) == wanted and all(map(_is_rolled_out, found))


def _owner(pod: dict[str, Any]) -> str:
    owners = pod["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("kind", ""))


def _is_rolled_out(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    counts = ("replicas", "updatedReplicas", "readyReplicas")
    seen = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return seen and {wanted} == {status.get(name, 0) for name in counts}


def shown(*surfaces: str) -> list[str]:
    """Return the first lines that hold the canary, a part of it, or its Base64 at any offset."""
    encoded = [base64.b64encode(b"-" * offset + CANARY.encode()).decode() for offset in range(3)]
    forms = [
        *CANARY.split("@"),
        *(each[skip:-4] for each, skip in zip(encoded, (0, 2, 3), strict=True)),
    ]
    return [
        line[:200]
        for text in surfaces
        for line in text.splitlines()
        if any(form in line for form in forms)
    ]
