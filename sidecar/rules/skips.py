"""Why `sidecar inject` leaves a workload as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OPERATED = "sidecar.jaegertracing.io/inject"
_LEFT = "The workload stays as it is, and its spans go where they went before."


def _left(rule: str, summary: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, _LEFT, fix, example)


IS_AGENT = _left(
    "workload-is-an-agent",
    "A workload runs nothing but agents or other parts of a tracing backend.",
    "Nothing to do; to check it, run `sidecar validate FILE`",
    "a DaemonSet of jaegertracing/jaeger-agent",
)
NO_SERVICE = _left(
    "workload-without-a-service",
    "A workload runs well-known software only, such as a database.",
    'Name it with --service, or annotate it with sidecar-kit/inject: "true"',
    "a StatefulSet of postgres:16",
)
HAS_AGENT = _left(
    "agent-in-the-pod",
    "A pod has an agent already.",
    "Replace it with --replace",
    "containers: [{name: jaeger-agent, image: 'jaegertracing/jaeger-agent:1.46.0'}]",
)
OPERATOR = _left(
    "agent-by-an-operator",
    "The Jaeger operator adds an agent to a workload.",
    'Annotate it with sidecar.jaegertracing.io/inject: "false" first',
    'annotations: {sidecar.jaegertracing.io/inject: "true"}',
)
NAME_TAKEN = _left(
    "agent-name-in-the-pod",
    "A volume or container of a pod has a name that the agent uses.",
    "Rename it",
    "volumes: [{name: sidecar-token, emptyDir: {}}]",
)
IMMUTABLE = _left(
    "immutable-pod-template",
    "An object was read from a cluster, which does not let its pod template change.",
    "Inject what it was created from, or delete it and create it again without metadata.uid",
    "a Job with a uid",
)
OWNED = _left(
    "owned-by-a-controller",
    "An object is written by its controller.",
    "Inject its owner; the controller takes the change over",
    "a ReplicaSet of a Deployment",
)
HOST_NETWORK = _left(
    "pod-on-the-host-network",
    "A pod uses its node's network.",
    "It can report to an agent of its node; or run it without hostNetwork",
    "hostNetwork: true",
)
WINDOWS = _left(
    "pod-on-windows",
    "A pod runs on Windows nodes, and the agent's image is for Linux.",
    "Let it report to an agent elsewhere",
    "nodeSelector: {kubernetes.io/os: windows}",
)
PORT_TAKEN = _left(
    "agent-port-in-the-pod",
    "Another container of the pod uses a port of the agent.",
    "Use another port there",
    "ports: [{containerPort: 6831, protocol: UDP}]",
)
NEVER_ENDS = _left(
    "agent-outlives-its-job",
    "A plain container keeps running when a job's work is done, and the job never completes.",
    "Use Kubernetes 1.29 or later, or let the job report to an agent elsewhere",
    "a Job, with --kube-version 1.28",
)
SHARED = _left(
    "shared-by-an-alias",
    "A part of a pod template is also a part of something else, by a YAML alias.",
    "Write that part out",
    "spec: *pod",
)
NO_CONTAINERS = _left(
    "no-containers",
    "A workload's pod template has no containers that can be read.",
    "Inject complete manifests, such as `kustomize build` prints, and not patches of them",
    "a Kustomize patch",
)
OTHER_KIND = _left(
    "kind-not-injected",
    "An object of another kind than inject changes has containers.",
    "Let a Deployment, Job or CronJob hold them, or let the service report to an agent elsewhere",
    "a Rollout or WorkflowTemplate of Argo, a Service of Knative, a Task of Tekton, a RayCluster",
)
UNEDITABLE = _left(
    "uneditable-place",
    "A place to which something must be added is written in a form that the kit cannot add to.",
    "Write it as a block, one key on a line",
    "{spec: {template: {metadata, spec: {…}}}}",
)


def taken_ports(ports: Iterable[int], own: Iterable[int] = agents.PORTS) -> Problem | None:
    """Judge the ports of a pod's other containers by those of the agent."""
    taken = sorted(set(ports) & set(own))
    if not taken:
        return None
    numbers = ", ".join(map(str, taken))
    return PORT_TAKEN.problem(f"another container has {numbers}, a port of the agent")


def by_operator(annotations: Mapping[str, str]) -> Problem | None:
    """Judge the annotations by which the Jaeger operator adds an agent of its own."""
    if annotations.get(_OPERATED, "false").casefold() == "false":
        return None
    return OPERATOR.problem("the Jaeger operator adds an agent to it: left as it is")


def on_windows(os_name: str, node_labels: Mapping[str, str]) -> Problem | None:
    """Judge the operating system that a pod asks for."""
    labels = ("kubernetes.io/os", "beta.kubernetes.io/os")
    named = [os_name, *(node_labels.get(label, "") for label in labels)]
    if not any(name.casefold() == "windows" for name in named):
        return None
    return WINDOWS.problem("runs on Windows nodes, the agent's image is for Linux: left as it is")


def on_host_network(host_network: bool) -> Problem | None:
    """Judge a pod by its hostNetwork."""
    if not host_network:
        return None
    cause = (
        "hostNetwork: its loopback is the node's, and a second such pod or an agent of the node "
        f"has {agents.COMPACT_PORT} already: left as it is"
    )
    return HOST_NETWORK.problem(cause)
