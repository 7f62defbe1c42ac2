"""Commands in fixes name the namespace and the context that were asked."""

from __future__ import annotations

import re

import pytest

from sidecar.kubernetes.fixes import placed
from sidecar.kubernetes.kubectl import Kubectl
from sidecar.rules import catalogue


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ("See `kubectl describe pod x`, or", "See `kubectl -n shop describe pod x`, or"),
        (
            "`kubectl logs x -c y` and `kubectl get pvc,pv`",
            "`kubectl -n shop logs x -c y` and `kubectl -n shop get pvc,pv`",
        ),
        (
            "Run `sidecar token set --kubernetes-secret tracing --apply`",
            "Run `sidecar token set --kubernetes-secret tracing --apply --namespace shop`",
        ),
        (
            "Run `sidecar token check --kubernetes-secret NAME`",
            "Run `sidecar token check --kubernetes-secret NAME --namespace shop`",
        ),
        ("Run `helm upgrade`", "Run `helm upgrade -n shop`"),
        ("(`helm list` shows it)", "(`helm list -n shop` shows it)"),
        ("See `helm list --all-namespaces`", "See `helm list --all-namespaces`"),
        ("See `kubectl get nodes`", "See `kubectl get nodes`"),
        ("See `kubectl describe node n-1`", "See `kubectl describe node n-1`"),
        ("Run `kubectl uncordon NODE`", "Run `kubectl uncordon NODE`"),
        (
            "See `kubectl get validatingwebhookconfigurations`",
            "See `kubectl get validatingwebhookconfigurations`",
        ),
        ("See `kubectl get namespaces`", "See `kubectl get namespaces`"),
        ("Check `kubectl version`", "Check `kubectl version`"),
        ("See `docker compose ps`", "See `docker compose ps`"),
        ("Run `sidecar verify`", "Run `sidecar verify`"),
        ("kubectl and helm list are programs", "kubectl and helm list are programs"),
    ],
)
def test_a_command_in_a_fix_can_be_run_as_it_is(fix: str, expected: str) -> None:
    """What is of the whole cluster has no namespace; a fix that has one keeps it."""
    placed_once = placed(fix, Kubectl("shop"))

    assert expected == placed_once
    assert expected == placed(placed_once, Kubectl("shop"))
    assert fix == placed(fix, Kubectl())


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ("`kubectl describe pod x`", "`kubectl --context=lab -n shop describe pod x`"),
        ("`kubectl get nodes`", "`kubectl --context=lab get nodes`"),
        ("`helm list`", "`helm list -n shop --kube-context lab`"),
        ("`helm list --all-namespaces`", "`helm list --all-namespaces --kube-context lab`"),
        (
            "`sidecar token check --kubernetes-secret x`",
            "`sidecar token check --kubernetes-secret x --namespace shop --context lab`",
        ),
    ],
)
def test_the_context_that_was_asked_is_named_too(fix: str, expected: str) -> None:
    """Another cluster may have such a pod."""
    assert expected == placed(fix, Kubectl("shop", "lab"))


def test_every_rule_quotes_the_commands_of_its_fix() -> None:
    """Only in a quoted command is the namespace named."""
    fixes = {rule.id: re.sub(r"`[^`]*`", "", rule.fix) for rule in catalogue.rules().values()}

    assert [] == [name for name, rest in fixes.items() if re.search(r"kubectl|helm [a-z]", rest)]
