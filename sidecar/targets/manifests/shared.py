"""What the collectors of a namespace share: their configuration, and the forwarder with the token.

It says what the chart's templates say (helm/templates/forwarder.yaml); a test compares both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.plan.forwarders import MOST_CALLS, memory_mib
from sidecar.rules import forwarders as rules
from sidecar.targets.manifests import collectors
from sidecar.targets.manifests.parts import FOLDER, VOLUME, probes, security, token_volume
from sidecar.targets.manifests.text import block
from sidecar.targets.pod_resources import of_forwarder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.plan import Plan
    from sidecar.targets.manifests.parts import Data

LABEL = "sidecar-kit/collectors"
"""Label of all that inject adds to a namespace: how the names of its objects begin."""
CONFIG_SUFFIX, FORWARDER_SUFFIX = "-collector", "-forwarder"
_COLLECTORS = 16
"""That may call the forwarder with all their calls at a time; more are held, and repeat them."""
_GRACE_SECONDS = 60
"""As the chart's pods have: the collectors of pods that end are drained through the forwarder."""
_STAY_SECONDS = _GRACE_SECONDS + 5


@dataclass(frozen=True)
class Shared:
    """The objects of one namespace."""

    name: str
    """How their names begin."""
    secret: str
    image: str
    """The kit's own, for the forwarder and for what waits at a pod's end."""
    configuration: str
    """The collectors', as YAML."""
    wire: str
    """What the forwarder speaks."""
    gateway: str
    port: int
    calls: int
    resources: Data
    """The forwarder's requests and limits."""

    @classmethod
    def of(cls, plan: Plan, secret: str, name: str, image: str = "") -> Shared:
        """Return what the collectors of a plan share; without an image, it is the plan's."""
        agent = plan.services[0].agent
        flags = dict(word.split("=", 1) for word in plan.forwarder.argv) if plan.forwarder else {}
        consumers = agent.replica_buffer.consumers if agent.replica_buffer else 1
        calls = min(MOST_CALLS, _COLLECTORS * consumers)
        return cls(
            name=name,
            secret=secret,
            image=image or plan.probe.name,
            configuration=yamlio.block(collectors.configuration(agent, _address(name))),
            wire=flags.get("--protocol", ""),
            gateway=plan.gateway.address,
            port=plan.gateway.port,
            calls=calls,
            resources=of_forwarder(memory_mib(calls), agent),
        )

    @property
    def config_name(self) -> str:
        """The ConfigMap's name."""
        return f"{self.name}{CONFIG_SUFFIX}"

    @property
    def forwarder_name(self) -> str:
        """The forwarder's name, and that of its Service and policy."""
        return f"{self.name}{FORWARDER_SUFFIX}"

    @property
    def forwarder(self) -> str:
        """Where the collectors send to."""
        return _address(self.name)

    @property
    def checksum(self) -> str:
        """What changes with the configuration."""
        return hashlib.sha256(self.configuration.encode()).hexdigest()

    @property
    def _pod_labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.forwarder_name, LABEL: self.name}

    def objects(self, namespace: str) -> tuple[Data, ...]:
        """Return the objects; without a namespace, they are where the others go."""
        return (
            {
                **self._head("v1", "ConfigMap", self.config_name, namespace),
                "data": {"config.yaml": self.configuration},
            },
            {
                **self._head("apps/v1", "Deployment", self.forwarder_name, namespace),
                "spec": self._deployment(),
            },
            {
                **self._head("v1", "Service", self.forwarder_name, namespace),
                "spec": self._service(),
            },
            {
                **self._head(
                    "networking.k8s.io/v1", "NetworkPolicy", self.forwarder_name, namespace
                ),
                "spec": self._policy(),
            },
        )

    def _head(self, version: str, kind: str, name: str, namespace: str) -> Data:
        metadata: Data = {"name": name, **({"namespace": namespace} if namespace else {})}
        return {
            "apiVersion": version,
            "kind": kind,
            "metadata": {**metadata, "labels": {LABEL: self.name}},
        }

    def _deployment(self) -> Data:
        tmp = {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}}
        spec = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": _STAY_SECONDS + 15,
            "containers": [self._container()],
            "volumes": [token_volume(self.secret, "token"), tmp],
        }
        return {
            "replicas": 1,
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": self._pod_labels},
            "template": {"metadata": {"labels": self._pod_labels}, "spec": spec},
        }

    def _container(self) -> Data:
        probe = {"httpGet": {"path": "/healthz", "port": "state"}}
        return {
            "name": "forwarder",
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["python", "-m", "sidecar.forwarder"],
            "args": [
                f"--gateway={self.gateway}",
                f"--protocol={self.wire}",
                f"--token-file={FOLDER}/token",
                f"--calls={self.calls}",
                f"--stay={_STAY_SECONDS}",
                f"--successor=http://{self.forwarder_name}:{rules.STATE_PORT}/state",
            ],
            "ports": [
                {"name": "grpc", "containerPort": rules.GRPC_PORT},
                {"name": "state", "containerPort": rules.STATE_PORT},
            ],
            **probes(probe),
            "readinessProbe": {**probe, "periodSeconds": 5, "timeoutSeconds": 3},
            "resources": self.resources,
            "securityContext": security(),
            "volumeMounts": [
                {"name": VOLUME, "mountPath": FOLDER, "readOnly": True},
                {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in its own volume
            ],
        }

    def _service(self) -> Data:
        return {
            "selector": self._pod_labels,
            "ports": [
                {
                    "name": "grpc",
                    "port": rules.GRPC_PORT,
                    "targetPort": "grpc",
                    "appProtocol": "kubernetes.io/h2c",
                },
                {"name": "state", "port": rules.STATE_PORT, "targetPort": "state"},
            ],
        }

    def _policy(self) -> Data:
        own = {"podSelector": {"matchLabels": self._pod_labels}}
        dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
        return {
            "podSelector": own["podSelector"],
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"ports": [_tcp(rules.GRPC_PORT)], "from": [{"podSelector": {}}]},
                {"ports": [_tcp(rules.STATE_PORT)], "from": [own]},
            ],
            "egress": [
                {"ports": [_tcp(rules.STATE_PORT)], "to": [own]},
                {"ports": dns},
                {"ports": [_tcp(self.port)]},
            ],
        }


def _tcp(port: int) -> Data:
    return {"port": port, "protocol": "TCP"}


def text_of(data: Data) -> str:
    """Return an object as the text of a manifest, its configuration as a block of text."""
    files = data.get("data", {})
    head = {key: value for key, value in data.items() if key != "data"}
    return "".join(f"{line}\n" for line in (*block(head, "", 2), *_files(files)))


def _files(files: dict[str, str]) -> Iterator[str]:
    if files:
        yield "data:"
    for name, text in files.items():
        yield f"  {name}: |"
        yield from (f"    {line}".rstrip() for line in text.splitlines())


def _address(name: str) -> str:
    return f"{name}{FORWARDER_SUFFIX}:{rules.GRPC_PORT}"
