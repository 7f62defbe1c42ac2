"""Findings of a chart's objects: each thing that a platform team would refuse is found."""

from __future__ import annotations

import copy

import pytest

from sidecar.targets.helm.checks import check_objects

LABELS = {
    f"app.kubernetes.io/{name}": "x"
    for name in ("name", "instance", "version", "component", "part-of", "managed-by")
}
RESOURCES = {"cpu": "1", "memory": "1Mi"}
CONTAINER = {
    "name": "web",
    "image": "team/web:1",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "resources": {"requests": RESOURCES, "limits": RESOURCES},
}
POD = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": LABELS},
    "spec": {"template": {"spec": POD}},
}


def changed(**changes):
    """Return the Deployment with keys of its pod or of its container (`container__KEY`) replaced."""
    found = copy.deepcopy(DEPLOYMENT)
    pod = found["spec"]["template"]["spec"]
    for key, value in changes.items():
        container = key.startswith("container__")
        (pod["containers"][0] if container else pod)[key.removeprefix("container__")] = value
    return found


def test_a_careful_deployment_has_no_finding() -> None:
    """Nor has an object without a pod."""
    assert [] == check_objects(
        [DEPLOYMENT, {"kind": "Service", "metadata": {"name": "web", "labels": LABELS}}]
    )


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"automountServiceAccountToken": True}, "mounts a service account's token"),
        ({"hostNetwork": True}, "shares the node: hostNetwork"),
        (
            {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
            "is of a restricted kind: hostPath",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}},
            "has runAsNonRoot not true",
        ),
        ({"securityContext": {"runAsNonRoot": True}}, "has no seccomp profile"),
        ({"container__securityContext": {"allowPrivilegeEscalation": False}}, "keeps capabilities"),
        (
            {"container__securityContext": {**CONTAINER["securityContext"], "privileged": True}},
            "adds privileges",
        ),
        (
            {"container__securityContext": {**CONTAINER["securityContext"], "runAsUser": 0}},
            "runs as root",
        ),
        (
            {"container__resources": {"requests": RESOURCES, "limits": {"memory": "1Mi"}}},
            "has no cpu in limits",
        ),
        ({"container__ports": [{"containerPort": 80, "hostPort": 80}]}, "takes a port of the node"),
        (
            {"container__livenessProbe": {"httpGet": {"host": "127.0.0.1"}}},
            "names a host in its livenessProbe",
        ),
        ({"container__image": "registry.example.com:5000/web"}, "has no exact image version"),
        ({"container__image": "web:latest"}, "has no exact image version"),
    ],
)
def test_what_would_be_refused_is_found(changes, cause: str) -> None:
    """One finding that names object, place and cause."""
    (finding,) = check_objects([changed(**changes)])

    assert "Deployment web" == finding.subject
    assert cause in finding.cause
    assert finding.fix


def test_jobs_cron_jobs_and_init_containers_are_looked_into() -> None:
    """Wherever a pod is described."""
    bare = {**CONTAINER, "resources": {}}
    pod = {**POD, "initContainers": [bare]}
    metadata = {"name": "x", "labels": {}}
    objects = [
        {"kind": "Pod", "metadata": metadata, "spec": pod},
        {
            "kind": "CronJob",
            "metadata": metadata,
            "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}},
        },
    ]

    causes = [finding.cause for finding in check_objects(objects)]
    assert 2 * 4 == len([cause for cause in causes if cause.startswith("has no")])
    assert 2 * len(LABELS) == len([cause for cause in causes if cause.startswith("lacks")])
