"""The token in a cluster: a Secret with the agent's config file under one key. kubectl takes it on standard input."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import ConflictError, KubernetesError, NotFoundError
from sidecar.kubernetes.pods import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sidecar.kubernetes.kubectl import Kubectl

KEY = "agent.yaml"
ROLLOUT_SECONDS = 300
_MANAGER = "sidecar-kit"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_KINDS = ("deployments", "statefulsets", "daemonsets")


def checked_name(name: str) -> str:
    """Return a Secret's name. Raises SidecarError, without the name: it may be a token in the wrong place."""
    if _NAME.fullmatch(name):
        return name
    raise SidecarError(
        "--kubernetes-secret", "is not a Secret's name", "Lower-case letters, digits, `-` and `.`"
    )


def secret(name: str, namespace: str, config: str) -> dict[str, Any]:
    """Return the Secret; an empty namespace leaves it to whoever applies it."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    # not stringData, which server-side apply does not follow
    data = {KEY: base64.b64encode(config.encode()).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": data,
    }


def manifest(data: dict[str, Any]) -> str:
    """Return a Secret as YAML."""
    lines = []
    for key, value in data.items():
        inner = (
            [f"\n  {name}: {yamlio.flow(text)}" for name, text in value.items()]
            if isinstance(value, dict)
            else []
        )
        lines.append(f"{key}:{''.join(inner)}" if inner else f"{key}: {value}")
    return "\n".join(lines) + "\n"


def apply(kubectl: Kubectl, name: str, config: str) -> None:
    """Create the Secret or change its one key. Raises KubernetesError.

    By server-side apply: the other way keeps a copy of the data in an annotation. What somebody made with kubectl is
    taken over; what a program keeps is not, it would change it back.
    """
    # without a type: one of another type keeps it
    data = json.dumps(
        {
            key: value
            for key, value in secret(name, kubectl.namespace, config).items()
            if key != "type"
        }
    )
    try:
        _apply(kubectl, name, data)
    except KubernetesError as error:
        if "immutable" not in error.cause:
            raise
        fix = "Make one of another name, and give the chart that as existingSecret"
        raise KubernetesError(f"secret {name}", "is immutable", fix) from None


def _apply(kubectl: Kubectl, name: str, data: str) -> None:
    words = ("apply", "--server-side", f"--field-manager={_MANAGER}", "--filename=-")
    try:
        kubectl.run(*words, stdin=data)
    except ConflictError as error:
        keepers = [manager for manager in error.managers if not manager.startswith("kubectl")]
        if keepers or not error.managers:
            cause = f"its key {KEY} is kept by {', '.join(keepers) or 'another manager'}"
            raise ConflictError(
                f"secret {name}", cause, "Change it there, or choose another Secret"
            ) from None
        kubectl.run(*words, "--force-conflicts", stdin=data)


def fetch(kubectl: Kubectl, name: str) -> str | None:
    """Return the agent's config file in a Secret; None where there is no such Secret.

    Raises SidecarError where it has no such key, KubernetesError where it cannot be read.
    """
    try:
        data = kubectl.get("secret", name).get("data") or {}
    except NotFoundError:
        return None
    if KEY not in data:
        keys = ", ".join(sorted(data)) or "none"
        fix = f"sidecar token set --kubernetes-secret {name} --apply"
        raise SidecarError(f"secret {name}", f"has no key {KEY}; its keys: {keys}", fix)
    try:
        return base64.b64decode(data[KEY]).decode()
    except ValueError:
        raise SidecarError(
            f"secret {name}", f"{KEY} is not text", "Write it anew: sidecar token set"
        ) from None


def users(kubectl: Kubectl, name: str) -> dict[str, str]:
    """Return the workloads whose pods mount the Secret, as "deployment/NAME" → its Helm release (may be empty)."""
    found = kubectl.get(",".join(_KINDS))["items"]
    return {
        f"{one['kind'].lower()}/{one['metadata']['name']}": one["metadata"]
        .get("labels", {})
        .get(INSTANCE, "")
        for one in found
        if name in _mounted(one["spec"]["template"]["spec"].get("volumes") or [])
    }


def _mounted(volumes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the Secrets that volumes mount, alone or projected among others."""
    for volume in volumes:
        yield volume.get("secret", {}).get("secretName", "")
        for source in volume.get("projected", {}).get("sources") or []:
            yield source.get("secret", {}).get("name", "")


def restart(kubectl: Kubectl, workloads: Iterable[str], say: Callable[[str], None]) -> None:
    """Roll the pods of workloads, service by service, and wait for each. Raises KubernetesError."""
    listed = list(workloads)
    for workload in listed:
        kubectl.run("rollout", "restart", workload)
    for workload in listed:
        kubectl.run(
            "rollout",
            "status",
            workload,
            f"--timeout={ROLLOUT_SECONDS}s",
            seconds=ROLLOUT_SECONDS + 10,
        )
        say(f"{workload}: its pods run with the new token")
