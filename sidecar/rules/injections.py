"""What `sidecar inject` changes in manifests, or cannot give back."""

from __future__ import annotations

from sidecar.findings import Problem, Rule, Severity

INEXACT = Rule(
    "inexact-injection",
    Severity.ERROR,
    "Removing the agent again would not restore the original bytes.",
    "The input stays as it is, and nothing gets an agent.",
    "This is a defect in the kit: report it, with the document if you can",
    "none is known",
)
RELAY_LEFT_OUT = Rule(
    "relay-not-in-manifests",
    Severity.WARNING,
    "inject adds no relay to manifests.",
    "If a pod is deleted in a long outage, the spans in its collector's queue are lost.",
    "Install the chart, which has relays; or remove `relay`",
    "sidecar inject MANIFESTS with relay: {replicas: 2}",
)
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


def exact(before: bytes, back: bytes) -> Problem | None:
    """Judge what uninject would give back."""
    if before == back:
        return None
    return INEXACT.problem("removing it again would not restore the original bytes")


def left_out(*, has_relay: bool) -> Problem | None:
    """Judge a spec whose agents go into manifests."""
    return RELAY_LEFT_OUT.problem("is given, and manifests get none") if has_relay else None
