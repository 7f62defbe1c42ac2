"""Commands in fixes name the namespace and the context that were asked."""

from __future__ import annotations

import re

import pytest

from sidecar.kubernetes.hints import placed
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
        ("See `kubectl get nodes`", "See `kubectl get nodes`"),
        ("See `kubectl describe node n-1`", "See `kubectl describe node n-1`"),
        ("Run `kubectl uncordon NODE`", "Run `kubectl uncordon NODE`"),
        (
            "See `kubectl get validatingwebhookconfigurations`",
            "See `kubectl get validatingwebhookconfigurations`",
        ),
        ("See `kubectl get namespaces`", "See `kubectl get namespaces`"),
        ("See `docker compose ps`", "See `docker compose ps`"),
    ],
)
def test_a_command_in_a_fix_can_be_run_as_it_is(fix: str, expected: str) -> None:
    """What is of the whole cluster has no namespace; a fix that has one keeps it."""
    placed_once = placed(fix, Kubectl("shop"))

    assert expected == placed_once
    assert fix == placed(fix, Kubectl())


def test_the_context_that_was_asked_is_named_too() -> None:
    """Another cluster may have such a pod."""
    fix = placed("See `kubectl describe pod x` and `kubectl get nodes`", Kubectl("shop", "lab"))

    assert (
        "See `kubectl --context=lab -n shop describe pod x` and `kubectl --context=lab get nodes`"
        == fix
    )


def test_every_rule_quotes_the_commands_of_its_fix() -> None:
    """Only in a quoted command is the namespace named."""
    fixes = {rule.id: rule.fix for rule in catalogue.rules().values()}

    assert [] == [name for name, fix in fixes.items() if "kubectl" in re.sub(r"`[^`]*`", "", fix)]
