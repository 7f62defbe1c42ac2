"""Parts of containers and pods that agents, collectors and the forwarder have alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.targets.pod_resources import of_agent

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan

Data = dict[str, Any]

AGENT, DRAIN, WAIT = "jaeger-agent", "sidecar-drain", "sidecar-wait"
"""Containers."""
VOLUME, CONFIG, QUEUE = "sidecar-token", "sidecar-collector", "sidecar-queue"
"""Volumes."""
FOLDER = "/run/secrets/sidecar"
USER = 10001


def container(agent: AgentPlan, image: str, own: Data, mounts: list[Data], *, native: bool) -> Data:
    """Return an agent or collector; `own` is what only one of them has."""
    return {
        "name": AGENT,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **({"restartPolicy": "Always"} if native else {}),
        **own,
        "resources": of_agent(agent),
        "securityContext": security(int(agent.user.partition(":")[0])),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def security(user: int = USER) -> Data:
    """Return what Pod Security `restricted` asks of a container, and a read-only root."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def probes(probe: Data) -> Data:
    """Return the probes of a part that may start for a minute."""
    return {
        "startupProbe": {**probe, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 60},
        "livenessProbe": {**probe, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def token_volume(secret: str, key: str) -> Data:
    """Return one key of the Secret with the token as a volume."""
    items = [{"key": key, "path": key}]
    return {
        "name": VOLUME,
        "secret": {"secretName": secret, "items": items, "defaultMode": 0o444},
    }
