"""What a cluster said of pods that it did not create, or that have no node, for each rule."""

from __future__ import annotations

from rule_examples import Call, Example, example

from sidecar.rules import parts, scheduling
from sidecar.rules.parts import PodState

NODE = "0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate"
QUOTA = (
    'pods "web-7cfc596756-7cdpt" is forbidden: exceeded quota: team, requested: pods=1,'
    " used: pods=3, limited: pods=3"
)
POLICY = 'pods "web-5c9646cf96-jrhkm" is forbidden: violates PodSecurity "restricted:latest": x'
ACCOUNT = (
    'pods "web-5c9646cf96-" is forbidden: error looking up service account shop/web:'
    ' serviceaccount "web" not found'
)
RANGE = 'pods "web-1" is forbidden: maximum memory usage per Container is 128Mi, but limit is 512Mi'
CLAIM = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"


def not_created(message: str) -> Example:
    """Return the example of a workload whose pods are refused."""
    return example(scheduling.not_created, Call(message), Call(""))


EXAMPLES = {
    "autoscaler-without-metrics": example(
        scheduling.not_scaled, Call("unable to get metrics"), Call("")
    ),
    "pod-without-node": example(
        parts.pod,
        Call(PodState("has no node", scheduling.UNSCHEDULABLE, "", NODE), "fix"),
        Call(PodState(""), "fix"),
    ),
    "pod-over-quota": not_created(QUOTA),
    "pod-not-admitted": not_created(POLICY),
    "pod-not-created": not_created("object is being deleted"),
    "namespace-terminating": not_created(
        'pods "web-1" is forbidden: unable to create new content in namespace shop because it is'
        " being terminated"
    ),
    "admission-webhook-away": not_created(
        'Internal error occurred: failed calling webhook "quota.example.com": failed to call'
        ' webhook: Post "https://policy.tools.svc:443/": dial tcp: connection refused'
    ),
    "rollout-paused": example(scheduling.paused, Call("web", 0), Call("web", 1)),
    "node-not-ready": example(
        scheduling.not_ready, Call("Node is not ready", "node-1"), Call("", "node-1")
    ),
    "pod-terminating": example(scheduling.ends, Call("web-0", []), Call("web-0", None)),
    "pod-names-nothing": not_created(ACCOUNT),
    "pod-over-limit-range": not_created(RANGE),
    "claim-without-volume": example(
        parts.pod,
        Call(PodState("has no node", scheduling.UNSCHEDULABLE, "", CLAIM), "fix"),
        Call(PodState("has no node", scheduling.UNSCHEDULABLE, "", NODE), "fix"),
    ),
}
