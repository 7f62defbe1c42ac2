"""Objects of kinds that inject does not change: those with containers are named, others are not."""

from __future__ import annotations

import pytest
from manifest_inputs import TEMPLATE, inject

IMAGE = "image: shop/etl:1"
POD = f"spec: {{containers: [{{name: main, {IMAGE}}}]}}"
DEPLOYMENT = f"{{apiVersion: apps/v1, kind: Deployment, spec: {{template: {{{POD}}}}}}}"
KINDS = {
    "argo-container": ("argoproj.io/v1alpha1", f"templates: [{{name: a, container: {{{IMAGE}}}}}]"),
    "argo-script": ("argoproj.io/v1alpha1", f"templates: [{{name: a, script: {{{IMAGE}}}}}]"),
    "argo-cron": (
        "argoproj.io/v1alpha1",
        f"workflowSpec: {{templates: [{{name: a, sidecars: [{{name: b, {IMAGE}}}]}}]}}",
    ),
    "argo-set": (
        "argoproj.io/v1alpha1",
        f"templates: [{{name: a, containerSet: {{containers: [{{name: b, {IMAGE}}}]}}}}]",
    ),
    "rollout": ("argoproj.io/v1alpha1", f"template: {{{POD}}}"),
    "ray": ("ray.io/v1", f"headGroupSpec: {{template: {{{POD}}}}}"),
    "keda": ("keda.sh/v1alpha1", f"jobTargetRef: {{template: {{{POD}}}}}"),
    "tekton": ("tekton.dev/v1", f"steps: [{{name: a, {IMAGE}}}]"),
    "tekton-pipeline": (
        "tekton.dev/v1",
        f"tasks: [{{name: a, taskSpec: {{steps: [{{name: b, {IMAGE}}}]}}}}]",
    ),
    "spark": ("sparkoperator.k8s.io/v1beta2", f"{IMAGE}, driver: {{cores: 1}}, executor: {{}}"),
    "crossplane": ("kubernetes.crossplane.io/v1", f"forProvider: {{manifest: {DEPLOYMENT}}}"),
    "pytorch": ("kubeflow.org/v1", f"pytorchReplicaSpecs: {{Master: {{template: {{{POD}}}}}}}"),
    "volcano": ("batch.volcano.sh/v1alpha1", f"tasks: [{{template: {{{POD}}}}}]"),
    "knative": ("serving.knative.dev/v1", f"template: {{{POD}}}"),
}
NOTHING = {
    "image-policy": ("image.toolkit.fluxcd.io/v1", "image: shop/etl"),
    "kyverno": ("kyverno.io/v1", f"rules: [{{validate: {{pattern: {{{POD}}}}}}}]"),
    "crd": ("apiextensions.k8s.io/v1", f"x: {{{POD}}}"),
    "patch": ("argoproj.io/v1alpha1", "template: {spec: {containers: [{name: main}]}}"),
    "service": ("v1", "ports: [{port: 80}]"),
}


def text_of(version: str, spec: str, kind: str = "Anything") -> str:
    """Return an object."""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: etl}}\nspec: {{{spec}}}\n"


@pytest.mark.parametrize("name", KINDS)
def test_an_object_with_containers_is_named_and_stays(name) -> None:
    """Whatever its kind calls what is around them."""
    text = text_of(*KINDS[name])
    out, (outcome,) = inject(text.encode(), "x.yaml")

    assert text.encode() == out
    assert outcome.skip.wanted
    assert ("Anything", "etl", "kind-not-injected") == (
        outcome.kind,
        outcome.name,
        outcome.skip.problem.rule.id,
    )


@pytest.mark.parametrize("name", NOTHING)
def test_what_runs_no_container_is_not_named(name) -> None:
    """A policy describes pods, a repository holds an image, a patch names none."""
    assert [] == inject(text_of(*NOTHING[name]).encode(), "x.yaml")[1]


@pytest.mark.parametrize(("opens", "closes"), [("{a: ", "}"), ("[{a: ", "}]")])
def test_a_deep_object_is_read(opens, closes) -> None:
    """To any depth that a document may have."""
    spec = f"a: {opens * 900}{{{POD}}}{closes * 900}"
    (outcome,) = inject(text_of("example.com/v1", spec).encode(), "x.yaml")[1]

    assert "kind-not-injected" == outcome.skip.problem.rule.id


def test_what_its_owner_writes_is_its_owners() -> None:
    """A revision of a StatefulSet holds a copy of its template: `--strict` does not mind."""
    text = text_of("apps/v1", f"template: {{{POD}}}", "ControllerRevision").replace(
        "spec:", "data:", 1
    )
    text = text.replace("{name: etl}", "{name: etl, ownerReferences: [{kind: A, name: b}]}")
    (outcome,) = inject(text.encode(), "x.yaml")[1]

    assert ("owned-by-a-controller", False) == (outcome.skip.problem.rule.id, outcome.skip.wanted)


def test_an_operators_tracer_is_said_beside_the_agent() -> None:
    """The pod gets its agent all the same; an annotation of the object alone has no effect."""
    annotations = "annotations: {instrumentation.opentelemetry.io/inject-python: 'true'}"
    of_pod = TEMPLATE.replace("{labels", f"{{{annotations}, labels")
    of_object = TEMPLATE.replace("{name: web}", f"{{name: web, {annotations}}}", 1)
    said = [inject(text.encode(), "x.yaml")[1][0] for text in (of_pod, of_object)]

    assert ["added", "added"] == [outcome.done for outcome in said]
    assert [["instrumented-by-an-operator"], []] == [
        [finding.id for finding in outcome.findings] for outcome in said
    ]


SPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, annotations: {instrumentation.opentelemetry.io/inject-python: "%s"}}
---
"""


@pytest.mark.parametrize(
    ("of_space", "own", "expected"),
    [
        ("true", "", ["instrumented-by-an-operator"]),
        ("true", "annotations: {instrumentation.opentelemetry.io/inject-python: 'false'}, ", []),
        ("false", "", []),
    ],
)
def test_an_operators_tracer_may_be_the_namespaces(of_space, own, expected) -> None:
    """It holds for each pod of it that does not say otherwise."""
    text = SPACE % of_space + TEMPLATE.replace("{labels", f"{{{own}labels")
    (outcome,) = inject(text.encode(), "x.yaml")[1]

    assert expected == [finding.id for finding in outcome.findings]


def test_another_namespace_says_nothing_of_a_pod() -> None:
    """As its name tells."""
    text = SPACE % "true" + TEMPLATE.replace("{name: web}", "{name: web, namespace: other}", 1)
    (outcome,) = inject(text.encode(), "x.yaml")[1]

    assert [] == [finding.id for finding in outcome.findings]
