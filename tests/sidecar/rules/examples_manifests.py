"""A bad and a good manifest for each rule about injecting."""

from __future__ import annotations

from functools import partial

from manifest_inputs import TEMPLATE, ids
from rule_examples import Call, Example, example

from sidecar.rules import injections, manifests

AGENT = "      - {name: agent, image: 'jaegertracing/jaeger-agent:1.46.0'"
OPERATED = "sidecar.jaegertracing.io/inject"
TOKEN = "Authentication=canary0@0f0f0f0f_canary0@1e1e1e1e"


def _pair(bad: str, good: str = TEMPLATE, **chosen: object) -> Example:
    return Example(partial(ids, bad, **chosen), partial(ids, good, **chosen))


def _pod(line: str) -> str:
    """Return a Deployment with one more line in its pod's spec."""
    return TEMPLATE.replace("      containers:", f"      {line}\n      containers:")


def _container(line: str) -> str:
    """Return a Deployment with one more line in its container."""
    return f"{TEMPLATE}        {line}\n"


JOB = TEMPLATE.replace("apps/v1", "batch/v1").replace("Deployment", "Job")
WITH_TOKEN = f"{TEMPLATE}{AGENT}, args: ['--agent.tags={TOKEN}']}}\n"
SHARED = _pod("hostAliases: []").replace("spec:\n      h", "spec: &pod\n      h")
EXAMPLES = {
    "broken-manifest": _pair("kind: [Deployment\n"),
    "unrendered-template": _pair("{{- if .Values.on }}\nkind: Pod\n{{- end }}\n"),
    "doubled-key": _pair("kind: Pod\nkind: Pod\n"),
    "manifest-too-large": _pair(f"kind: {'x' * 9_000_000}\n"),
    "exploding-manifest": _pair("a: " + "[" * 3000 + "]" * 3000),
    "neither-compose-nor-manifests": example(
        manifests.kind_of_input, Call(b"a: 1", is_known=False), Call(b"kind: Pod", is_known=True)
    ),
    "nothing-to-judge": example(manifests.nothing_read, Call(is_empty=True), Call(is_empty=False)),
    "folder-without-manifests": example(
        manifests.folder, Call(holds_manifests=False), Call(holds_manifests=True)
    ),
    "no-such-workload": example(
        manifests.named, Call("wbe", {"web"}), Call("deployment/web", {"web"})
    ),
    "collector-in-json": example(manifests.in_json, Call(b" {}"), Call(b"kind: Pod")),
    "relay-not-in-manifests": example(
        injections.left_out, Call(has_relay=True), Call(has_relay=False)
    ),
    "inexact-injection": example(injections.exact, Call(b"a", b"b"), Call(b"a", b"a")),
    "workload-is-an-agent": _pair(TEMPLATE.replace("shop/web:1", "jaegertracing/jaeger-agent:1.6")),
    "workload-without-a-service": _pair(TEMPLATE.replace("shop/web:1", "postgres:16")),
    "agent-in-the-pod": _pair(f"{TEMPLATE}{AGENT}}}\n"),
    "kind-not-injected": _pair(
        TEMPLATE.replace("Deployment", "Rollout").replace("apps/v1", "argoproj.io/v1alpha1")
    ),
    "agent-by-an-operator": _pair(
        TEMPLATE.replace("{name: web}", f"{{name: web, annotations: {{{OPERATED}: 'true'}}}}", 1),
        TEMPLATE.replace("{name: web}", f"{{name: web, annotations: {{{OPERATED}: 'false'}}}}", 1),
    ),
    "agent-name-in-the-pod": _pair(
        _pod("volumes: [{name: sidecar-token, emptyDir: {}}]"),
        _pod("volumes: [{name: token, emptyDir: {}}]"),
    ),
    "immutable-pod-template": _pair(
        JOB.replace("name: web}", "name: web, uid: x}", 1), JOB.replace("web}", "web, x: y}", 1)
    ),
    "owned-by-a-controller": _pair(
        TEMPLATE.replace("name: web}", "name: web, ownerReferences: [{kind: A, name: b}]}", 1)
    ),
    "pod-on-the-host-network": _pair(_pod("hostNetwork: true"), _pod("hostNetwork: false")),
    "pod-on-windows": _pair(
        _pod("nodeSelector: {kubernetes.io/os: windows}"),
        _pod("nodeSelector: {kubernetes.io/os: linux}"),
    ),
    "agent-port-in-the-pod": _pair(
        _container("ports: [{containerPort: 6831}]"), _container("ports: [{containerPort: 80}]")
    ),
    "agent-outlives-its-job": _pair(JOB, native=False),
    "shared-by-an-alias": _pair(f"{SHARED}x: *pod\n", SHARED),
    "no-containers": _pair("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"),
    "uneditable-place": _pair(_pod("volumes: 1").replace("1\n", "text\n", 1), _pod("volumes: []")),
    "token-in-a-manifest": _pair(WITH_TOKEN, f"{TEMPLATE}{AGENT}}}\n", replace=["*"]),
    "agent-variable-from-elsewhere": _pair(
        _container("env: [{name: JAEGER_TAGS, valueFrom: {configMapKeyRef: {name: a, key: b}}}]"),
        _container("env: [{name: JAEGER_TAGS, value: a=b}]"),
    ),
    "agent-replaced": _pair(f"{TEMPLATE}{AGENT}}}\n", replace=["web"]),
    "agent-not-restored": _pair(WITH_TOKEN, f"{TEMPLATE}{AGENT}}}\n", replace=["agent"]),
}
