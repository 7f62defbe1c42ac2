"""The additions to a pod template that exists: an agent, its volume, and the service's variables.

They say what the chart's library says (helm/charts/sidecar-agent); a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.image_names import built_agent
from sidecar.plan import agents
from sidecar.rules import tracers
from sidecar.rules.agents import ADMIN_PORT, COMPACT_PORT
from sidecar.targets.helm.values import resources
from sidecar.targets.manifests.text import Fixed

if TYPE_CHECKING:
    from sidecar.plan import AgentPlan, Plan

Data = dict[str, Any]

AGENT = "jaeger-agent"
VOLUME = "sidecar-token"
FOLDER = "/run/secrets/sidecar"
LOOPBACK = "127.0.0.1"
VARIABLES = {"JAEGER_AGENT_HOST": LOOPBACK, "JAEGER_AGENT_PORT": str(COMPACT_PORT)}
"""What the services in a pod are given."""
OTEL = {
    tracers.OTEL_AGENT_HOST: "JAEGER_AGENT_HOST",
    tracers.OTEL_AGENT_PORT: "JAEGER_AGENT_PORT",
}
"""What OpenTelemetry's Jaeger exporter reads → which of them it is."""
_LISTENS = ("processor.", "http-server.")
"""Beginnings of the flags that say where clients reach the agent."""
STOP_DELAY_SECONDS = 20
"""How long a plain container waits for the last spans of its service, as in the chart."""


@dataclass(frozen=True)
class Additions:
    """What is added to a pod."""

    agent: Data
    successor: Data
    """The agent that takes the place of another one: it listens on all addresses, as that did."""
    volume: Data
    environment: dict[str, str]
    native: bool
    """The agent is an init container that keeps running."""
    kit_version: str
    gateway: str
    """HOST:PORT that the agent reports to."""


def additions(plan: Plan, secret: str, *, native: bool) -> Additions:
    """Return what a plan adds to each pod; `secret` names the Secret with the token."""
    plan.require_no_canary("inject")
    plan.require_agents()
    agent = plan.services[0].agent
    volume = {
        "name": VOLUME,
        "secret": {
            "secretName": secret,
            "items": [{"key": "agent.yaml", "path": "agent.yaml"}],
            "defaultMode": 0o444,
        },
    }
    container = _container(agent, _image(plan, agent), native=native)
    return Additions(
        agent=Fixed(container),
        successor=Fixed({**container, "args": list(map(_anywhere, container["args"]))}),
        volume=Fixed(volume),
        environment=VARIABLES,
        native=native,
        kit_version=plan.kit_version,
        gateway=plan.gateway.address,
    )


def _image(plan: Plan, agent: AgentPlan) -> str:
    """Return the agent's image; the one that is built, where the spec or the region asks for it."""
    if agent.image.variable is None:
        last = agent.image.name.rpartition("/")[2]
        tagged = ":" in last or "@" in last
        return agent.image.name if tagged else f"{agent.image.name}:{agent.version}"
    built = plan.stand_in is not None or plan.image_source == "build"
    return built_agent(agent.version) if built else agent.image.name


def _container(agent: AgentPlan, image: str, *, native: bool) -> Data:
    tuning, user = agent.replica_tuning, int(agent.user.partition(":")[0])
    return {
        "name": AGENT,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **({"restartPolicy": "Always"} if native else {}),
        "args": agents.on_loopback(agent.argv, FOLDER),
        "ports": [
            {"name": "jaeger-compact", "containerPort": COMPACT_PORT, "protocol": "UDP"},
            {"name": "agent-admin", "containerPort": ADMIN_PORT},
        ],
        **_probes(agent),
        **({} if native else {"lifecycle": {"preStop": _stop_delay()}}),
        "resources": resources(tuning.memory_mib, agent.cpus or 0.5, 64),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": VOLUME, "mountPath": FOLDER, "readOnly": True}],
    }


def _anywhere(argument: str) -> str:
    """Return an argument for an agent that clients may know as localhost, which may be ::1."""
    flag, _, address = argument.partition("=")
    host, _, port = address.rpartition(":")
    listens = flag.removeprefix("--").startswith(_LISTENS)
    return f"{flag}=:{port}" if listens and host == LOOPBACK else argument


def _probes(agent: AgentPlan) -> Data:
    if not agent.health:
        return {}
    probe = {"exec": {"command": list(agent.health)}}
    return {
        "startupProbe": {**probe, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 60},
        "livenessProbe": {**probe, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _stop_delay() -> Data:
    """Return a wait by a program: plain containers are for versions before `sleep`."""
    return {"exec": {"command": ["sleep", str(STOP_DELAY_SECONDS)]}}
