"""Findings of what an agent serves beyond its pod, and of roots that can be written to."""

from __future__ import annotations

import pytest

from sidecar.targets.helm.exposure import check_exposure

INSIDE = (
    "--config-file=/run/secrets/sidecar/agent.yaml",
    "--reporter.grpc.host-port=gateway.example.com:1883",
    "--admin.http.host-port=127.0.0.1:14271",
    "--processor.jaeger-compact.server-host-port=127.0.0.1:6831",
)


def deployment(*args, read_only=True):
    """Return a Deployment with an agent of these arguments as its native sidecar."""
    context = {"readOnlyRootFilesystem": read_only}
    agent = {"name": "jaeger-agent", "args": list(args), "securityContext": context}
    web = {"name": "web", "securityContext": {"readOnlyRootFilesystem": True}}
    spec = {"template": {"spec": {"initContainers": [agent], "containers": [web]}}}
    return {"kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def service(**port):
    """Return a Service of one port."""
    return {"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [port]}}


@pytest.mark.parametrize(
    "one",
    [
        deployment(*INSIDE),
        deployment("--admin.http.host-port=[$(POD_IP)]:14271"),
        service(port=80, targetPort=8080),
        {"kind": "Secret", "metadata": {"name": "token"}, "spec": {}},
    ],
    ids=["loopback", "metrics", "service", "secret"],
)
def test_what_stays_in_the_pod_is_no_finding(one) -> None:
    """Loopback, the address that metrics ask for, a service's own port."""
    assert [] == check_exposure([one])


@pytest.mark.parametrize(
    ("one", "severity", "cause"),
    [
        (service(port=6831), "error", "serves 6831, an agent's port"),
        (service(port=80, targetPort="agent-admin"), "error", "serves 80, an agent's port"),
        (
            deployment("--processor.jaeger-compact.server-host-port=0.0.0.0:6831"),
            "error",
            "listens beyond the pod: --processor.jaeger-compact.server-host-port=0.0.0.0:6831",
        ),
        (
            deployment("--http-server.host-port=:5778"),
            "error",
            "listens beyond the pod: --http-server.host-port=:5778",
        ),
        (deployment("--admin-http-port=14271"), "warning", "serves its admin port beyond the pod"),
        (deployment(read_only=False), "warning", "may write to its root"),
    ],
)
def test_what_leaves_the_pod_is_a_finding(one, severity: str, cause: str) -> None:
    """With the object, the container and what to do."""
    (finding,) = check_exposure([one])

    assert (severity, f"{one['kind']} web", cause) == (
        finding.severity.value,
        finding.subject,
        finding.cause,
    )
    assert finding.fix
