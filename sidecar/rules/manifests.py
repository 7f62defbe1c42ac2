"""What keeps `sidecar inject` from reading a manifest, or from giving a workload an agent."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_UNTOUCHED = "The input stays as it is, and nothing gets an agent."
_OPERATED = "sidecar.jaegertracing.io/inject"
_LEFT = "The workload stays as it is, and its spans go where they went before."


def _error(rule: str, summary: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, _UNTOUCHED, fix, example)


def _left(rule: str, summary: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, _LEFT, fix, example)


# Reading --------------------------------------------------------------------------------------

BROKEN = _error(
    "broken-manifest",
    "A manifest is not YAML that the Kubernetes API accepts.",
    "Correct this line, or the one before",
    "kind: [Deployment",
)
TEMPLATE = _error(
    "unrendered-template",
    "A manifest is a template that is not rendered yet.",
    "Render it first: `helm template NAME CHART | sidecar inject -`, or as a post-renderer",
    "image: {{ .Values.image }}",
)
DOUBLED = _error(
    "doubled-key",
    "A key of a manifest is given twice.",
    "Keep one",
    "{kind: Pod, kind: Deployment}",
)
TOO_LARGE = _error(
    "manifest-too-large",
    "A document is larger than 8 MiB.",
    "Split it: the API takes objects of 1.5 MiB; a List can be a stream of documents",
    "a List of 5,000 Deployments",
)
EXPLODING = _error(
    "exploding-manifest",
    "A document is nested too deeply, or its aliases make it too large.",
    "Write the values out",
    "a: &a [x, x], b: &b [*a, *a], c: &c [*b, *b], …",
)
NEITHER = _error(
    "neither-compose-nor-manifests",
    "A file is neither a Compose file nor Kubernetes manifests.",
    "Name a Compose file, manifests, a folder, or -",
    "[notes.txt]",
)
NOTHING_READ = Rule(
    "nothing-to-judge",
    Severity.ERROR,
    "The files that are to be judged hold no service and no object.",
    "An empty file, as a program leaves that failed, would count as valid.",
    "Name files that hold something",
    "sidecar validate empty.yaml",
)
NO_SUCH_WORKLOAD = _error(
    "no-such-workload",
    "A workload that is named is not in the input.",
    "Name one that is there",
    "--service wbe",
)
INEXACT = _error(
    "inexact-injection",
    "Removing the agent again would not restore the original bytes.",
    "This is a defect in the kit: report it, with the document if you can",
    "none is known",
)


# Workloads that stay as they are --------------------------------------------------------------

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


IN_JSON = _error(
    "collector-in-json",
    "Collectors of a namespace share a forwarder, and a file of JSON has no room for it.",
    "Convert it to YAML, such as by `kubectl get -o yaml`, or set agent: {kind: jaeger-agent}",
    "kubectl get deployments -o json | sidecar inject - --file sidecar.yaml",
)
RELAY_LEFT_OUT = Rule(
    "relay-not-in-manifests",
    Severity.WARNING,
    "inject adds no relay to manifests.",
    "If a pod is deleted in a long outage, the spans in its collector's queue are lost.",
    "Install the chart, which has relays; or remove `relay`",
    "sidecar inject MANIFESTS with relay: {replicas: 2}",
)


# What changes hands ---------------------------------------------------------------------------

TOKEN_SHOWN = Rule(
    "token-in-a-manifest",
    Severity.WARNING,
    "A manifest holds a token in an agent's arguments or variables.",
    "Whoever reads the manifest can read it. The new agent does not use it: it reads a Secret.",
    "Get a new one from the console, then run `sidecar token set --kubernetes-secret NAME`",
    "args: [--jaeger.tags=Authentication=…]",
)
ELSEWHERE = Rule(
    "agent-variable-from-elsewhere",
    Severity.WARNING,
    "A JAEGER_ variable comes from a ConfigMap, a Secret or a field.",
    "What it holds is not read. The address of the agent is replaced; others stay.",
    "Check that it suits an agent on the pod's loopback",
    "valueFrom: {configMapKeyRef: {name: tracing, key: host}}",
)
REPLACED = Rule(
    "agent-replaced",
    Severity.WARNING,
    "A hand-made agent is replaced by the kit's.",
    "Its flags and its gateway are not kept.",
    "Compare the new agent's arguments with what you need; sidecar.yaml has the settings",
    "--replace ledger",
)
NOT_RESTORED = Rule(
    "agent-not-restored",
    Severity.WARNING,
    "An agent that inject replaced held a token, and uninject does not bring it back.",
    "A token is never kept.",
    "Add the container by hand if you want it back",
    "uninject of what --replace changed, where the agent had --jaeger.tags",
)


def named(given: str, names: Collection[str]) -> Problem | None:
    """Judge a name, or KIND/NAME, that a user gave, by the workloads of the input."""
    name = given.rpartition("/")[2]
    if name in names:
        return None
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0)
    fix = f"Did you mean {near[0]}?" if near else "The input has no workload"
    return NO_SUCH_WORKLOAD.problem("no workload of the input has this name", fix)


def exact(before: bytes, back: bytes) -> Problem | None:
    """Judge what uninject would give back."""
    if before == back:
        return None
    return INEXACT.problem("taking the agent out again would not give the original bytes back")


def kind_of_input(text: bytes, *, is_known: bool) -> Problem | None:
    """Judge how an input begins.

    `is_known`: it has a key of Compose files or of manifests, or holds nothing.
    """
    if is_known:
        return None
    if text.startswith(b"region:"):
        return NEITHER.problem("is a spec, which has a region", "Give it as --file")
    if b"\0" in text:
        return NEITHER.problem("is not UTF-8 text", "Save it as UTF-8")
    cause = "is neither a Compose file nor a manifest: no `services`, no `apiVersion`"
    return NEITHER.problem(cause)


def nothing_read(*, is_empty: bool) -> Problem | None:
    """Judge whether the files to judge hold nothing but comments."""
    return NOTHING_READ.problem("holds no service and no object") if is_empty else None


def in_json(data: bytes) -> Problem | None:
    """Judge how a stream begins to which objects are to be added."""
    if not data.lstrip().startswith(b"{"):
        return None
    return IN_JSON.problem("is JSON, to which the collectors' forwarder cannot be added")


def left_out(*, has_relay: bool) -> Problem | None:
    """Judge a spec whose agents go into manifests."""
    return RELAY_LEFT_OUT.problem("is given, and manifests get none") if has_relay else None


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
