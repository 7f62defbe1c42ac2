"""The section for a cluster: Kubernetes' own data, and text that every YAML reads as text."""

from __future__ import annotations

import pytest


def one(text: str) -> str:
    """Return a spec of one service."""
    return f"services: [{{name: w, image: w:1, port: 80, kubernetes: {{{text}}}}}]"


def test_data_is_kept_as_it_is(spec_of) -> None:
    """Another program judges it."""
    text = "envFrom: [{secretRef: {name: a, optional: true}}], podLabels: {example.com/a: b}"
    (service,) = spec_of(one(text)).services

    assert {
        "envFrom": [{"secretRef": {"name": "a", "optional": True}}],
        "podLabels": {"example.com/a": "b"},
    } == service.kubernetes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("envFrom: {name: a}", "kubernetes.envFrom: is not a list of maps. Give one map per `-`"),
        ("envFrom: [a]", "kubernetes.envFrom: is not a list of maps"),
        ("lifecycle: [a]", "kubernetes.lifecycle: is not a map"),
        (
            "strategy: {a: 2020-01-01}",
            "kubernetes.strategy: holds a value of the type 'timestamp', which JSON lacks. Put it",
        ),
        ("lifecycle: !!set {a}", "kubernetes.lifecycle: holds a value of the type 'set'"),
        ("envFrom: [{a: !!binary aGk=}]", "kubernetes.envFrom: holds a value of the type 'binary'"),
        ("envFrom: [{a: !mine b}]", "kubernetes.envFrom: holds a value of the type '!mine'"),
        ("resources: {a: [-.inf]}", "kubernetes.resources: holds a number that JSON lacks"),
        ("resources: {1: a}", "kubernetes.resources: has a key that is not text"),
        ("podLabels: {a: true}", "kubernetes.podLabels.a: 'true' is not text"),
        ("podLabels: {n: b}", "kubernetes.podLabels"),
        ("podLabels: {'a b': c}", "'a b' is not a label's name"),
        ("envfrom: []", "envfrom: is not a known key. Did you mean envFrom?"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(error_of, text: str, message: str) -> None:
    """Before a cluster sees it."""
    assert message in error_of(one(text))


def test_replicas_and_an_autoscaler_exclude_each_other(error_of) -> None:
    """Each upgrade would set the number back."""
    text = one("autoscaling: {maxReplicas: 3}").replace("port: 80", "port: 80, replicas: 2")

    assert "replicas: an autoscaler decides how many. Remove one of them" in error_of(text)


@pytest.mark.parametrize("name", ["Metrics", "a_b", "sixteen-letters-x"])
def test_a_port_has_a_name_that_a_cluster_takes(error_of, name: str) -> None:
    """At most 15 lowercase letters, digits and dashes."""
    text = f"services: [{{name: w, image: w:1, port: 80, ports: {{{name}: 90}}}}]"

    assert f"'{name}' is not a port's name" in error_of(text)


def test_a_job_has_no_disruption_budget(error_of) -> None:
    """It has no replicas to keep."""
    text = "services: [{name: w, image: w:1, kind: job, kubernetes: {podDisruptionBudget: {}}}]"

    assert "kubernetes.podDisruptionBudget: is not for kind: job" in error_of(text)


@pytest.mark.parametrize("name", ["N", "y", "on", "no", "true"])
@pytest.mark.parametrize(
    "path", ["environment: {%s: a}", "build: {context: ., args: {%s: a}}", "environment: {A: %s}"]
)
def test_a_variable_that_yaml_may_read_otherwise_needs_quotes(
    error_of, path: str, name: str
) -> None:
    """In every map of variables: their names, and what they hold."""
    image = "" if "build" in path else "image: w:1, "
    text = f"services: [{{name: w, {image}port: 80, {path % name}}}]"

    assert f"'{name}' is not text. Put it in quotes" in error_of(text)
