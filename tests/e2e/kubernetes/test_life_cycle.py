"""Install, test, upgrade, roll back and uninstall, with each Helm, under Pod Security restricted."""

from __future__ import annotations

import json

import pytest
from _require import lack
from helm_charts import CHART
from kubernetes_cluster import find, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("kubernetes")]

WAIT = ("--wait", "--timeout", "120s")


@pytest.mark.parametrize("program", ["helm", "helm4"])
def test_a_release_lives_and_leaves_nothing(program: str, fresh_namespace) -> None:
    """Each step is proven by `helm test`, which reads a trace back and sees the token's tag."""
    if not find(program):
        lack("kubernetes", f"{program} is not on PATH")
    space = fresh_namespace

    def helm(*arguments):
        return space.helm(*arguments, program=program)

    installed = helm("install", "demo", CHART, *space.values(), *WAIT)
    assert "demo-frontend, port 8080, replicas 1" in installed
    assert_proven(space, helm)

    changes = ("--set", "services.backend.replicas=2,agent.tuning.workers=20,region=somewhere")
    helm("upgrade", "demo", CHART, *space.values(), *changes, *WAIT)
    assert 2 == deployment(space, "demo-backend")["status"]["readyReplicas"]
    assert_proven(space, helm)

    helm("rollback", "demo", "1", *WAIT)
    assert 1 == deployment(space, "demo-backend")["spec"]["replicas"]
    assert "workers=64" in json.dumps(deployment(space, "demo-backend"))

    helm("uninstall", "demo", *WAIT)
    kinds = "all,secrets,configmaps,networkpolicies,serviceaccounts,persistentvolumeclaims"
    wait_until(lambda: not left(space, kinds), 90, "everything of the release is gone")


def assert_proven(space, helm) -> None:
    """`helm test` succeeds; its pod is gone afterwards."""
    result = helm("test", "demo", "--timeout", "120s")

    assert "Succeeded" in result
    assert [] == space.get("pods", "-l", "app.kubernetes.io/component=delivery-test")


def deployment(space, name: str):
    return json.loads(space.kubectl("get", "deployment", name, "-o", "json"))


def left(space, kinds: str) -> list[str]:
    """Return what is in the namespace that a namespace has not by itself."""
    own = {"kube-root-ca.crt", "default"}
    return [name for each in space.get(kinds) if (name := each["metadata"]["name"]) not in own]


def test_a_user_of_one_namespace_suffices(fresh_namespace) -> None:
    """With the cluster's own role `edit` in the namespace, and no right outside it."""
    space = fresh_namespace
    space.kubectl("create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer")
    content = 'agent:\n  tags: "Authentication=x@y@z"\n'
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tracing"}}
    space.apply({**secret, "stringData": {"agent.yaml": content}})

    user = ("--kube-as-user", "developer")
    space.helm("install", "demo", CHART, *space.values(), "--set", "existingSecret=tracing", *user, *WAIT)
    space.helm("test", "demo", *user, "--timeout", "120s")
    space.helm("uninstall", "demo", *user, *WAIT)
