"""What keeps a cluster from creating a pod, or from giving it a node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.recognition import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_SCALED = Rule(
    "autoscaler-without-metrics",
    Severity.WARNING,
    "A HorizontalPodAutoscaler cannot read the metrics that it scales by.",
    "The number of pods stays as it is at any load, and each agent is sized for one pod.",
    "Install metrics-server, or what serves the metric; see `kubectl describe hpa`",
    "the HPA was unable to compute the replica count: failed to get cpu utilization",
)
UNSCHEDULABLE, GATED = "Unschedulable", "SchedulingGated"
"""The cluster's reasons on a pod that has no node."""


def _error(rule: str, summary: str, fix: str, example: str) -> Rule:
    why = "The pod does not start, and its service reports nothing."
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


NO_NODE = _error(
    "pod-without-node",
    "No node of the cluster can run a pod.",
    "Change what the pod asks for, or add a node; see `kubectl describe pod`",
    "0/1 nodes are available: 1 Insufficient memory",
)
OVER_QUOTA = _error(
    "pod-over-quota",
    "A quota of the namespace refuses a pod, or a Job of a CronJob.",
    "Raise the quota, or lower what the pods ask for; see `kubectl describe quota`",
    "exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3",
)
NOT_ADMITTED = _error(
    "pod-not-admitted",
    "A policy of the cluster refuses a pod.",
    "Change the pod as the policy says, or ask the policy's owner",
    'violates PodSecurity "restricted:latest": runAsNonRoot != true',
)
WEBHOOK_AWAY = _error(
    "admission-webhook-away",
    "A webhook that must admit each pod does not answer the cluster.",
    "See `kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`, and the pods "
    "of the Service that the webhook's configuration names",
    'failed calling webhook "policy.example.com": connection refused',
)
NOT_CREATED = _error(
    "pod-not-created",
    "The cluster does not create a pod of a workload.",
    "See `kubectl describe replicaset`",
    "object is being deleted: namespaces shop is terminated",
)
NAMESPACE_ENDS = _error(
    "namespace-terminating",
    "The namespace is being deleted, and takes no pod any more.",
    "Wait until it is gone, and install again; `kubectl describe namespace` says what keeps it",
    "because it is being terminated",
)
PAUSED = _error(
    "rollout-paused",
    "A Deployment is paused, and creates no pod.",
    "Run `kubectl rollout resume deployment NAME`",
    "`kubectl rollout pause deployment web`, before its first pod",
)
NODE_NOT_READY = _error(
    "node-not-ready",
    "The node of a pod does not answer its cluster.",
    "See `kubectl get nodes` and `kubectl describe node`",
    "Node is not ready",
)
ENDS = _error(
    "pod-terminating",
    "The only pod of a service is being deleted.",
    "Wait until it is gone, and verify again",
    "`kubectl delete pod web-0`, which has a finalizer",
)
NO_VOLUME = _error(
    "claim-without-volume",
    "A PersistentVolumeClaim that a pod needs does not exist, or has no volume yet.",
    "Create it, or see `kubectl describe pvc` for why it has no volume",
    'persistentvolumeclaim "data" not found',
)
OVER_LIMIT_RANGE = _error(
    "pod-over-limit-range",
    "A LimitRange of the namespace refuses a container's resources.",
    "Set `kubernetes.resources` of the service or agent in the spec, or the chart's values, "
    "within `kubectl describe limitrange`",
    "maximum memory usage per Container is 128Mi, but limit is 512Mi",
)
NAME_MISSING = _error(
    "pod-names-nothing",
    "A pod names a service account or a class that does not exist.",
    "Create it, or name another one",
    "no PriorityClass with name high was found",
)

_REFUSALS = (
    (("failed calling webhook",), WEBHOOK_AWAY),
    (("quota",), OVER_QUOTA),
    (("PodSecurity", "admission webhook", "ValidatingAdmission"), NOT_ADMITTED),
    (("usage per ", "request ratio per "), OVER_LIMIT_RANGE),
    (("is being terminated", "is terminated"), NAMESPACE_ENDS),
    (("serviceaccount ", "PriorityClass", "RuntimeClass"), NAME_MISSING),
)
"""What a refusal's message has, by rule."""
_SUBJECT = re.compile(
    r'^(.*(Error creating(:| job:)|failed error:) )?(pods|jobs.batch) "[^"]*" is forbidden: '
)
_END = re.compile(r"\.(\s|$)")
_PENDING = "See `kubectl describe pvc`: its class, or a volume for it, may not exist"
_CLAIM = re.compile(r"persistentvolumeclaim|persistent volumes? to bind", re.IGNORECASE)
_LACKS = (
    (r"Insufficient \w+|Too many pods", "Lower the requests of its containers, or add a node"),
    (r"volume node affinity", "Let it run where its volume is, or move the volume"),
    (r"node affinity/selector", "Change its nodeSelector or affinity, or label a node"),
    (
        r"node\.kubernetes\.io/[a-z-]+",
        "Repair the node: `kubectl get nodes` and `kubectl describe nodes`",
    ),
    (r"were unschedulable", "Run `kubectl uncordon NODE`; `kubectl get nodes` names it"),
    (r"untolerated taint", "Add a toleration, or remove the taint from a node"),
    (r"free ports", "Remove its hostPort, or free that port of the node"),
    (r"anti-affinity", "Relax its anti-affinity, or add a node"),
    (r"pod affinity", "Relax its podAffinity, or start the pods that it is to run beside"),
    (r"topology spread", "Relax its topology spread constraints, or label or add a node"),
)
"""What a scheduler's message has, and what to do."""


def unscheduled(message: str) -> Problem:
    """Return the problem of a pod without a node, by the scheduler's message."""
    if _CLAIM.search(message):
        is_absent = re.search(r'claim "[^"]*" not found', message)
        return NO_VOLUME.problem(
            f"has no node: {mask(_END.split(message)[0])}",
            "Create the claim in the pod's namespace, or name another one"
            if is_absent
            else _PENDING,
        )
    fix = next((fix for pattern, fix in _LACKS if re.search(pattern, message)), None)
    first = mask(_END.split(message)[0])
    return NO_NODE.problem(f"has no node: {first}" if first else "has no node", fix)


def gated(pod: str, gates: Sequence[str]) -> Problem | None:
    """Judge a pod by what keeps the scheduler from looking at it."""
    if not gates:
        return None
    cause = f"has no node: it waits for its scheduling gates: {', '.join(gates)}"
    get = f"`kubectl get pod {pod} --output yaml`"
    return NO_NODE.problem(cause, f"Let the controller that set them remove them; see {get}")


def paused(name: str, pods: int) -> Problem | None:
    """Judge a paused Deployment by the pods that it has."""
    if pods:
        return None
    fix = f"Run `kubectl rollout resume deployment {name}`"
    return PAUSED.problem("its Deployment is paused, and has no pod", fix)


def not_ready(message: str, node: str) -> Problem | None:
    """Judge the node of a pod by the cluster's warnings of the pod."""
    if "Node is not ready" not in message:
        return None
    if not node:
        return NODE_NOT_READY.problem("its node is not ready")
    fix = f"See `kubectl get nodes` and `kubectl describe node {node}`"
    return NODE_NOT_READY.problem(f"its node {node} is not ready", fix)


def ends(pod: str, finalizers: Sequence[str] | None) -> Problem | None:
    """Judge a pod that is being deleted by what keeps it; None: it is not being deleted."""
    if finalizers is None:
        return None
    if not finalizers:
        return ENDS.problem("is being deleted")
    cause = f"is being deleted, and kept by its finalizers: {', '.join(finalizers)}"
    see = f"`kubectl get pod {pod} --output yaml`"
    return ENDS.problem(cause, f"Find out why their controller does not end its work: {see}")


def not_created(message: str, what: str = "a pod") -> Problem | None:
    """Judge why a workload has no pod or Job, by the message of the failure; None for none."""
    if not message:
        return None
    text = mask(_SUBJECT.sub("", message))
    found = (rule for words, rule in _REFUSALS if any(word in text for word in words))
    return next(found, NOT_CREATED).problem(f"{what} is refused: {text}")


def not_scaled(message: str) -> Problem | None:
    """Judge an autoscaler by why it does not scale; None where it does."""
    if not message:
        return None
    return NOT_SCALED.problem(f"its autoscaler does not scale: {mask(message)}")
