"""Pods as a cluster gives them, as far as the kit reads them."""

from __future__ import annotations

from typing import Any

AGENT_ARGS = [
    "--config-file=/run/secrets/sidecar/agent.yaml",
    "--admin.http.host-port=127.0.0.1:14271",
]


def pod(
    name: str = "demo-web-1", component: str = "web", release: str = "demo", **changes: Any
) -> dict[str, Any]:
    """Return a ready pod with a native agent.

    Changes: ready, phase, ip, agent (a container's status), args, env, image.
    """
    ready = changes.get("ready", True)
    labels = {"app.kubernetes.io/instance": release, "app.kubernetes.io/component": component}
    image = changes.get("image", "kit/gateway:1")
    annotations = {"sidecar-kit/probe": image} if image else {}
    agent = {
        "name": "jaeger-agent",
        "image": "agent:1",
        "args": changes.get("args", AGENT_ARGS),
        "restartPolicy": "Always",
    }
    running = {"state": {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            "initContainers": [agent],
            "containers": [{"name": component, "image": "web:1", "env": changes.get("env", [])}],
        },
        "status": {
            "phase": changes.get("phase", "Running"),
            "podIP": changes.get("ip", "10.0.0.7"),
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": component, **running}],
            "initContainerStatuses": [{"name": "jaeger-agent", **changes.get("agent", running)}],
        },
    }


def owned(
    data: dict[str, Any], kind: str, name: str, created: str = "", **labels: str
) -> dict[str, Any]:
    """Return a pod that belongs to something."""
    owner = {"kind": kind, "name": name, "controller": True}
    own = {"ownerReferences": [owner], "creationTimestamp": created}
    metadata = {**data["metadata"], **own, "labels": {**data["metadata"]["labels"], **labels}}
    return {**data, "metadata": metadata}


def of_job(
    name: str, job: str, component: str = "nightly", created: str = "", **changes: Any
) -> dict[str, Any]:
    """Return the pod of a Job; changes as of `pod`."""
    return owned(pod(name, component, **changes), "Job", job, created)


def with_canary(data: dict[str, Any], since: str) -> dict[str, Any]:
    """Return a pod whose agent has a copier before it, which runs since then."""
    spec, status = data["spec"], data["status"]
    running = {"name": "sidecar-copier", "state": {"running": {"startedAt": since}}}
    copier = {"name": "sidecar-copier", "image": "kit/gateway:1"}
    args = [*AGENT_ARGS, "--processor.jaeger-compact.server-host-port=127.0.0.1:16831"]
    agents = [{**each, "args": args} for each in spec["initContainers"]]
    found = status["initContainerStatuses"]
    return {
        **data,
        "spec": {**spec, "initContainers": [*agents, copier]},
        "status": {**status, "initContainerStatuses": [*found, running]},
    }


def stand_in(release: str = "demo") -> dict[str, Any]:
    """Return the stand-in gateway's pod."""
    data = pod(f"{release}-gateway-1", "gateway", release, image="")
    data["spec"] = {
        "containers": [{"name": "gateway", "image": "registry.example.com/kit/gateway:2"}]
    }
    return data


def ended(data: dict[str, Any], container: str, **state: Any) -> dict[str, Any]:
    """Return a pod in which an ephemeral container has ended, or is in another state."""
    status = {
        "name": container,
        "state": state or {"terminated": {"exitCode": 0, "reason": "Completed"}},
    }
    return {**data, "status": {**data["status"], "ephemeralContainerStatuses": [status]}}


def listed(*pods: dict[str, Any]) -> dict[str, Any]:
    """Return pods as one answer."""
    return {"apiVersion": "v1", "kind": "List", "items": list(pods)}
