"""The tests' reviewer of a chart's objects: it finds what a platform team would refuse."""

from __future__ import annotations

import copy

import pytest
from chart_objects import LABELS, problems_of

METADATA = {"name": "web", "labels": {f"app.kubernetes.io/{name}": "x" for name in LABELS}}
RESOURCES = {"cpu": "1", "memory": "1Mi"}
SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
INSIDE = (
    "--config-file=/run/secrets/sidecar/agent.yaml",
    "--reporter.grpc.host-port=gateway.example.com:1883",
    "--admin.http.host-port=[$(POD_IP)]:14271",
    "--processor.jaeger-compact.server-host-port=127.0.0.1:6831",
)
CONTAINER = {
    "name": "web",
    "image": "team/web:1",
    "args": INSIDE,
    "securityContext": SECURITY,
    "resources": {"requests": RESOURCES, "limits": RESOURCES},
}
POD = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
}
DEPLOYMENT = {"kind": "Deployment", "metadata": METADATA, "spec": {"template": {"spec": POD}}}


def pod(**changes):
    """Return the Deployment with keys of its pod replaced."""
    found = copy.deepcopy(DEPLOYMENT)
    found["spec"]["template"]["spec"].update(changes)
    return found


def container(**changes):
    """Return the Deployment with keys of its container replaced."""
    return pod(containers=[{**CONTAINER, **changes}])


def service(**port):
    """Return a Service of one port."""
    return {"kind": "Service", "metadata": METADATA, "spec": {"ports": [port]}}


@pytest.mark.parametrize(
    "each",
    [
        DEPLOYMENT,
        service(port=80, targetPort=8080),
        {"kind": "Secret", "metadata": METADATA},
    ],
    ids=["deployment", "service", "secret"],
)
def test_careful_objects_have_no_problem(each) -> None:
    """With an agent on loopback and on the pod's own address."""
    assert [] == problems_of([each])


@pytest.mark.parametrize(
    ("each", "problem"),
    [
        (pod(automountServiceAccountToken=True), "mounts a service account's token"),
        (pod(hostNetwork=True), "shares the node: hostNetwork"),
        (
            pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            "volume v is restricted: hostPath",
        ),
        (
            pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
            "container web has runAsNonRoot not true",
        ),
        (pod(securityContext={"runAsNonRoot": True}), "container web has no seccomp profile"),
        (container(securityContext={**SECURITY, "capabilities": {}}), "keeps capabilities"),
        (container(securityContext={**SECURITY, "privileged": True}), "adds privileges"),
        (container(securityContext={**SECURITY, "runAsUser": 0}), "runs as root"),
        (
            container(securityContext={**SECURITY, "readOnlyRootFilesystem": False}),
            "has readOnlyRootFilesystem not true",
        ),
        (
            container(resources={"requests": RESOURCES, "limits": {"memory": "1Mi"}}),
            "has no cpu in limits",
        ),
        (container(ports=[{"containerPort": 80, "hostPort": 80}]), "takes a port of the node"),
        (
            container(livenessProbe={"httpGet": {"host": "127.0.0.1"}}),
            "names a host in its livenessProbe",
        ),
        (container(image="registry.example.com:5000/web"), "has no exact image version"),
        (container(image="web:latest"), "has no exact image version"),
        (
            container(args=["--processor.jaeger-compact.server-host-port=0.0.0.0:6831"]),
            "listens beyond its pod: --processor.jaeger-compact.server-host-port=0.0.0.0:6831",
        ),
        (container(args=["--http-server.host-port=:5778"]), "--http-server.host-port=:5778"),
        (container(args=["--admin-http-port=14271"]), "listens beyond its pod"),
        (service(port=6831), "serves 6831, a port of the agent"),
        (service(port=80, targetPort="agent-admin"), "serves 80, a port of the agent"),
    ],
)
def test_what_would_be_refused_is_a_problem(each, problem: str) -> None:
    """One, which names the object."""
    (found,) = problems_of([each])

    assert found.startswith(f"{each['kind']} web: ")
    assert problem in found


def test_the_admin_port_is_served_where_prometheus_scrapes_it() -> None:
    """And no other port of the agent."""
    objects = [service(port=14271, targetPort="agent-admin"), service(port=6831)]

    assert ["Service web: serves 6831, a port of the agent"] == problems_of(
        objects, is_scraped=True
    )


def test_jobs_cron_jobs_and_init_containers_are_looked_into() -> None:
    """Wherever a pod is described."""
    spec = {**POD, "initContainers": [{**CONTAINER, "resources": {}}]}
    metadata = {"name": "x", "labels": {}}
    job = {"jobTemplate": {"spec": {"template": {"spec": spec}}}}
    objects = [
        {"kind": "Pod", "metadata": metadata, "spec": spec},
        {"kind": "CronJob", "metadata": metadata, "spec": job},
    ]
    problems = problems_of(objects)

    assert 2 * 4 == len([each for each in problems if "has no" in each])
    assert 2 * len(LABELS) == len([each for each in problems if "lacks" in each])
