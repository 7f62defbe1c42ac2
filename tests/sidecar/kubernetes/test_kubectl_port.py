"""kubectl's failures as the kit's errors, with a fix."""

from __future__ import annotations

import pytest
from fake_kubectl import put_on_path

from sidecar.kubernetes import errors
from sidecar.kubernetes.kubectl import Kubectl, kubectl_argv


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    """A kubectl with prepared answers."""
    return put_on_path(tmp_path, monkeypatch)


def test_namespace_and_context_come_before_the_words() -> None:
    """The words may end in a command for a container."""
    argv = kubectl_argv("exec", "p", "--", "python", namespace="shop", context="prod")

    assert ["kubectl", "--context=prod", "--namespace=shop", "exec", "p", "--", "python"] == argv
    assert ["kubectl", "get", "pods"] == kubectl_argv("get", "pods")


def test_answers_are_data(kubectl) -> None:
    """They are requested as JSON."""
    kubectl.answer("get pods", {"items": []})

    assert {"items": []} == Kubectl("shop").get("pods")
    assert [["--namespace=shop", "get", "pods", "--output=json"]] == kubectl.asked


@pytest.mark.parametrize("printed", ["[]", "null", "hello"])
def test_an_answer_that_is_no_object_is_an_error(kubectl, printed: str) -> None:
    """A wrapper may be called kubectl."""
    kubectl.answer("get pods", out=printed)

    with pytest.raises(errors.KubernetesError, match="kubectl get printed no JSON object"):
        Kubectl().get("pods")


VIOLATION = 'pods "p" is forbidden: violates PodSecurity "restricted:latest": x'


@pytest.mark.parametrize(
    ("stderr", "kind", "cause"),
    [
        (
            (
                'Error from server (Forbidden): pods is forbidden: User "ann" cannot list resource '
                '"pods" in API group "" in the namespace "shop"'
            ),
            errors.ForbiddenError,
            "user ann may not list pods in namespace shop",
        ),
        (
            (
                'Error from server (Forbidden): deployments.apps is forbidden: User "ann" cannot '
                'patch resource "deployments" in API group "apps"'
            ),
            errors.ForbiddenError,
            "user ann may not patch deployments.apps",
        ),
        (
            f"Error from server (Forbidden): {VIOLATION}",
            errors.RefusedError,
            f"the cluster does not admit it: {VIOLATION}",
        ),
        (
            'Error from server: admission webhook "policy.example" denied the request: no shells',
            errors.RefusedError,
            "no shells",
        ),
        (
            'Error from server (NotFound): pods "p" not found',
            errors.NotFoundError,
            'pods "p" not found',
        ),
        (
            (
                "E1122 memcache.go:265] couldn't get current server API group list\n"
                "The connection to the server 127.0.0.1:1 was refused - "
                "did you specify the right host or port?"
            ),
            errors.ClusterUnreachableError,
            "the cluster is out of reach: The connection to the server 127.0.0.1:1 was refused",
        ),
        (
            "Unable to connect to the server: dial tcp: lookup k8s.example: no such host",
            errors.ClusterUnreachableError,
            "the cluster is out of reach: Unable to connect to the server",
        ),
        (
            "error: You must be logged in to the server (Unauthorized)",
            errors.ClusterUnreachableError,
            "the cluster does not know this user",
        ),
        (
            "Error in configuration: context was not found for specified context: prod",
            errors.ClusterUnreachableError,
            "no cluster is configured: Error in configuration: context was not found",
        ),
        ("error: the path is odd", errors.KubernetesError, "the path is odd"),
        ("\n", errors.KubernetesError, "kubectl failed without a message"),
    ],
)
def test_a_failure_of_kubectl_becomes_one_sentence(kubectl, stderr: str, kind, cause: str) -> None:
    """A missing right is named by its verb."""
    kubectl.answer("get", err=stderr)
    with pytest.raises(kind) as caught:
        Kubectl().get("pods")

    assert kind is type(caught.value)
    assert cause in caught.value.cause


def test_a_conflict_names_the_owners_of_the_field(kubectl) -> None:
    """By server-side apply's names, each once."""
    stderr = (
        'error: Apply failed with 2 conflicts: conflicts with "helm" using v1:\n'
        "- .data.agent.yaml\n"
        'conflict with "external-secrets": .type\nPlease review the fields above'
    )
    kubectl.answer("apply", err=stderr)
    with pytest.raises(errors.ConflictError) as caught:
        Kubectl().run("apply")

    assert ("helm", "external-secrets") == caught.value.managers


def test_without_kubectl_its_installation_is_named(tmp_path, monkeypatch) -> None:
    """It is not on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        errors.KubectlAbsentError, match=r"kubectl: is not on PATH\. Install it: https://kubernetes"
    ):
        Kubectl().get("pods")


def test_a_kubectl_that_cannot_be_started_is_an_error(tmp_path, monkeypatch) -> None:
    """It is a file for another machine."""
    (tmp_path / "kubectl").write_text("\x7fELF no")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(errors.KubectlAbsentError, match="cannot be started: Exec format error"):
        Kubectl().get("pods")


def test_a_cluster_that_never_answers_is_an_error(tmp_path, monkeypatch) -> None:
    """Its time is limited."""
    (tmp_path / "kubectl").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(
        errors.ClusterUnreachableError, match=r"kubectl get got no answer within 0\.2 s"
    ):
        Kubectl().run("get", "pods", seconds=0.2)


def test_the_tokens_variable_does_not_reach_kubectl(tmp_path, monkeypatch) -> None:
    """Nor a login plug-in that kubectl starts."""
    (tmp_path / "kubectl").write_text("#!/bin/sh\nenv\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TRACING_TOKEN", "canary@x_y@z")

    assert "canary" not in Kubectl().run("version")
