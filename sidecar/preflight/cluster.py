"""Checks of the cluster that a chart goes to: kubectl, Helm, and the rights of this user."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from sidecar import programs
from sidecar.engine.compose import parse_version
from sidecar.errors import SidecarError
from sidecar.kubernetes.errors import KubernetesError
from sidecar.preflight.records import broken, found, judged, passed, skipped
from sidecar.rules import machines as rules
from sidecar.rules import token_files
from sidecar.tokens.secret_store import SecretStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.preflight.records import Candidate, Result

_SECONDS = 8.0


class Right(NamedTuple):
    """A verb for a resource of an API group."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


INSTALL = (
    Right("create", "deployments", "apps"),
    Right("create", "services"),
    Right("create", "secrets"),
    Right("get", "secrets"),
    Right("create", "networkpolicies", "networking.k8s.io"),
    Right("create", "poddisruptionbudgets", "policy"),
)
"""For `helm install`: what the chart renders, and Helm's own record, a Secret."""
VERIFY = (
    Right("list", "pods"),
    Right("update", "pods/ephemeralcontainers"),
    Right("get", "pods/log"),
    Right("create", "pods/exec"),
)
"""For `sidecar verify`, as docs/verify.md lists them."""


def check_cluster(candidate: Candidate) -> Iterator[Result]:
    """Ask kubectl and the cluster for their versions."""
    try:
        answer = _kubectl(candidate).json("version", "--output=json", seconds=_SECONDS)
    except KubernetesError as error:
        if problem := rules.cluster(error.cause, fix=error.fix or None):
            yield broken("kubectl", error.subject, problem)
        return
    server = answer.get("serverVersion", {}).get("gitVersion", "")
    client = answer.get("clientVersion", {}).get("gitVersion", "")
    problem = rules.cluster("", parse_version(server)[:2])
    yield judged("kubectl", "cluster", problem, f"Kubernetes {server}, kubectl {client}")


def check_helm(_: Candidate) -> Iterator[Result]:
    """Ask Helm for its version."""
    argv = ["helm", "version", "--short"]
    absence, printed = "", ""
    try:
        printed = programs.run(argv, _SECONDS).stdout.strip()
    except FileNotFoundError:
        absence = "is not on PATH"
    except (OSError, subprocess.TimeoutExpired):
        absence = "does not answer"
    problem = rules.helm(absence, parse_version(printed)[:2])
    yield judged("helm", "helm", problem, f"version {printed}")


def check_rights(candidate: Candidate) -> Iterator[Result]:
    """Ask the cluster whether this user may do what installing and verifying need."""
    kubectl = _kubectl(candidate)
    try:
        lacking = lacking_rights(kubectl, (*INSTALL, *VERIFY))
    except KubernetesError as error:
        yield skipped("cluster-rights", "cluster", f"cannot be asked: {error.cause}")
        return
    where = kubectl.namespace or "the context's namespace"
    for rights, of_install in ((INSTALL, True), (VERIFY, False)):
        missing = [str(right) for right in rights if right in lacking]
        problem = rules.rights(missing, of_install=of_install)
        purpose = "install the chart" if of_install else "verify it"
        yield judged("cluster-rights", where, problem, f"this user may {purpose}")


def lacking_rights(kubectl: Kubectl, rights: tuple[Right, ...]) -> set[Right]:
    """Return the rights that this user lacks in the namespace. Raises KubernetesError."""
    namespace = kubectl.namespace or _namespace_of(kubectl)
    reviews = [_review(right, namespace) for right in rights]
    asked = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
    shown = "--output=jsonpath={.status.allowed}{' '}"
    words = ("create", "--validate=false", "--filename=-", shown)
    printed = kubectl.run(*words, stdin=asked, seconds=_SECONDS)
    answers = printed.split()
    if len(answers) != len(rights):
        raise KubernetesError("cluster", f"answered {len(answers)} of {len(rights)} questions")
    return {right for right, allowed in zip(rights, answers, strict=True) if allowed != "true"}


def _namespace_of(kubectl: Kubectl) -> str:
    words = ("config", "view", "--minify", "--output=jsonpath={..namespace}")
    return kubectl.run(*words, seconds=_SECONDS).strip() or "default"


def _review(right: Right, namespace: str) -> dict[str, Any]:
    resource, _, part = right.resource.partition("/")
    attributes = {
        "namespace": namespace,
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        **({"subresource": part} if part else {}),
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }


def check_images(_: Candidate) -> Iterator[Result]:
    """Say that the nodes' images cannot be known."""
    yield skipped("images", "cluster", "its nodes pull them: whether they can is not known here")


def check_token(candidate: Candidate) -> Iterator[Result]:
    """Judge the Secret that a release's agents read, where this user may read it."""
    if not candidate.secret:
        fix = "Run `sidecar token check --kubernetes-secret NAME`"
        yield skipped("token-file", "token", "is kept in a Secret", fix)
        return
    store = SecretStore(_kubectl(candidate), candidate.secret)
    try:
        checked = store.check("")
    except KubernetesError as error:
        yield skipped("token-file", store.name, error.cause, error.fix)
        return
    except SidecarError as error:
        yield broken("token-file", store.name, token_files.MISSING.problem(error.cause, error.fix))
        return
    yield from (found("token-file", finding) for finding in checked.findings)
    if not checked.findings:
        yield passed("token-file", store.name, f"its token's fingerprint is {checked.fingerprint}")


def _kubectl(candidate: Candidate) -> Kubectl:
    if candidate.kubectl is None:
        raise AssertionError(candidate.target)
    return candidate.kubectl
