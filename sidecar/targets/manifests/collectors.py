"""A collector in a pod that exists: its container, its volumes, and what waits around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.plan import collector_configuration as made
from sidecar.plan.collector_sizes import GO_SHARE, share_of
from sidecar.plan.relays import SLACK_MIB
from sidecar.rules import collectors as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.targets.helm.collector import WAIT_SECONDS
from sidecar.targets.manifests.parts import CONFIG, DRAIN, QUEUE, WAIT, probes, security
from sidecar.targets.manifests.parts import container as common
from sidecar.targets.pod_resources import of_agent, of_drain

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan
    from sidecar.targets.manifests.parts import Data

CONFIG_FOLDER = "/etc/otelcol"
WAIT_SCRIPT = "/usr/local/lib/sidecar/wait.sh"
"""In the kit's image; sidecar/forwarder has it."""
_SPARE_SECONDS = 5
"""Of a pod's grace period, for the collector after the drain."""
_RECEIVERS = (
    f'{{jaeger: {{protocols: {{thrift_compact: {{endpoint: ":{COMPACT_PORT}"}}}}}}, '
    f'otlp: {{protocols: {{grpc: {{endpoint: ":{rules.OTLP_GRPC_PORT}"}}, '
    f'http: {{endpoint: ":{rules.OTLP_HTTP_PORT}"}}}}}}}}'
)
ANYWHERE = f"--config=yaml:receivers: {_RECEIVERS}"
"""For a collector that clients may know as localhost, which may be ::1: laid over the file."""


def container(agent: AgentPlan, image: str, *, native: bool) -> Data:
    """Return the collector; below Kubernetes 1.30 a plain one has nothing that could wait."""
    memory = share_of(agent.replica_tuning.memory_mib, GO_SHARE)
    own = {
        "args": list(agent.argv),
        "env": [{"name": "GOMEMLIMIT", "value": f"{memory}MiB"}],
        "ports": [
            {"name": "jaeger-compact", "containerPort": COMPACT_PORT, "protocol": "UDP"},
            {"name": "otlp-grpc", "containerPort": rules.OTLP_GRPC_PORT},
            {"name": "otlp-http", "containerPort": rules.OTLP_HTTP_PORT},
            {"name": "agent-admin", "containerPort": rules.METRICS_PORT},
            {"name": "agent-health", "containerPort": rules.HEALTH_PORT},
        ],
        **probes({"httpGet": {"path": "/", "port": rules.HEALTH_PORT}}),
    }
    mounts: list[Data] = [
        {"name": CONFIG, "mountPath": CONFIG_FOLDER, "readOnly": True},
        {"name": QUEUE, "mountPath": made.QUEUE_FOLDER},
    ]
    return common(agent, image, own, mounts, native=native)


def wait(image: str, agent: AgentPlan, forwarder: str) -> Data:
    """Return the container before the collector that ends once the forwarder answers."""
    return {
        "name": WAIT,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["bash", WAIT_SCRIPT],
        "args": ["forwarder", forwarder, str(WAIT_SECONDS), "false"],
        "resources": of_agent(agent),
        "securityContext": security(),
    }


def drain(image: str, agent: AgentPlan, grace_seconds: int) -> Data:
    """Return the container that ends once the queue is empty, in a pod that has so long to end."""
    seconds = max(1, grace_seconds - _SPARE_SECONDS)
    program = f"python -m sidecar.forwarder.drain --seconds={seconds}"
    return {
        "name": DRAIN,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "command": ["sh", "-c", f"trap 'exec {program}' TERM; sleep infinity & wait"],
        "resources": of_drain(agent),
        "securityContext": security(),
    }


def volumes(agent: AgentPlan, config_name: str) -> tuple[Data, Data]:
    """Return the volumes: the configuration, and the queue."""
    size = agent.replica_buffer.disk_mib + SLACK_MIB if agent.replica_buffer else SLACK_MIB
    return (
        {"name": CONFIG, "configMap": {"name": config_name}},
        {"name": QUEUE, "emptyDir": {"sizeLimit": f"{size}Mi"}},
    )


def configuration(agent: AgentPlan, endpoint: str) -> dict[str, Any]:
    """Return the configuration of a pod's collector: only the kubelet reaches it from outside."""
    if agent.replica_buffer is None or agent.collector is None:
        return {}
    whole = made.configuration(endpoint, agent.replica_tuning, agent.replica_buffer)
    own = made.on_loopback(whole)
    own["extensions"]["health_check"]["endpoint"] = f":{rules.HEALTH_PORT}"
    return made.merged(own, agent.collector.overrides)
