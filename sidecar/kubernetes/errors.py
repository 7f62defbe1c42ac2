"""What can be wrong with kubectl or the cluster; each error names its cause and its fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable

SUBJECT = "kubernetes"
RIGHTS = "docs/verify.md and docs/token.md list the rights that each command needs"


class KubernetesError(SidecarError):
    """The cluster refused a request, or cannot be asked at all."""


class KubectlAbsentError(KubernetesError):
    """There is no kubectl."""


class ClusterUnreachableError(KubernetesError):
    """No cluster is configured, or it does not answer."""


class ForbiddenError(KubernetesError):
    """The user lacks a right; the cause names verb, resource and namespace."""


class RefusedError(KubernetesError):
    """The user may, but a policy of the cluster or namespace does not admit this object."""


class NotFoundError(KubernetesError):
    """The object is not there."""


class ConflictError(KubernetesError):
    """Somebody else changed the object in between, or owns the field."""

    managers: tuple[str, ...] = ()
    """Who owns it, by server-side apply's names."""


_LACKS = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_OWNER = re.compile(r'conflicts? with "([^"]+)"')
_OUT_OF_REACH = (
    "connection to the server",
    "unable to connect to the server",
    "dial tcp",
    "tls handshake timeout",
    "i/o timeout",
    "context deadline exceeded",
    "client.timeout exceeded",
    "unable to handle the request",
)
_NOT_CONFIGURED = (
    "no configuration has been provided",
    "error in configuration",
    "current-context",
    "kubeconfig",
)
_NO_NEWS = ("command terminated with exit code", "Defaulted container")
_LOGIN = ("unauthorized", "must be logged in", "getting credentials", "exec plugin")


def error_of(stderr: str, subject: str = SUBJECT) -> KubernetesError:
    """Return the error that kubectl's words mean; one line of them is the cause where nothing else is known."""
    said = _last(stderr)
    for knows, make in _KINDS:
        if knows(stderr):
            return make(stderr, said, subject)
    return KubernetesError(subject, said or "kubectl failed without a word")


def _forbidden(stderr: str, said: str, subject: str) -> KubernetesError:
    lacks = _LACKS.search(stderr)
    if lacks is None:
        return RefusedError(
            subject, f"the cluster does not admit it: {said}", "Ask whoever keeps its policies"
        )
    group = f".{lacks['group']}" if lacks["group"] else ""
    where = f" in namespace {lacks['namespace']}" if lacks["namespace"] else ""
    cause = f"user {lacks['user']} may not {lacks['verb']} {lacks['resource']}{group}{where}"
    return ForbiddenError(subject, cause, f"Ask for a Role with this verb; {RIGHTS}")


def _unreachable(_: str, said: str, subject: str) -> KubernetesError:
    return ClusterUnreachableError(
        subject,
        f"the cluster is out of reach: {said}",
        "Check the network, KUBECONFIG and --context: kubectl version",
    )


def _unconfigured(_: str, said: str, subject: str) -> KubernetesError:
    return ClusterUnreachableError(
        subject,
        f"no cluster is configured: {said}",
        "Set KUBECONFIG or --context: kubectl config get-contexts",
    )


def _logged_out(_: str, said: str, subject: str) -> KubernetesError:
    return ClusterUnreachableError(
        subject, f"the cluster does not know this user: {said}", "Log in again: kubectl auth whoami"
    )


def _missing(_: str, said: str, subject: str) -> KubernetesError:
    return NotFoundError(subject, said)


def _conflict(stderr: str, said: str, subject: str) -> KubernetesError:
    error = ConflictError(subject, said)
    error.managers = tuple(dict.fromkeys(_OWNER.findall(stderr)))
    return error


def _last(stderr: str) -> str:
    """Return the line that tells most: the last that begins an error, else the last one."""
    lines = [
        line.strip()
        for line in stderr.splitlines()
        if line.strip() and not line.startswith(_NO_NEWS)
    ]
    errors = [
        line for line in lines if line.lower().startswith(("error", "the connection", "unable"))
    ]
    said = (errors or lines or [""])[-1]
    return re.sub(
        r"^(error: |Error from server( \(\w+\))?: )| - did you specify the right host or port\?$",
        "",
        said,
    )


def _says(*words: str) -> Callable[[str], bool]:
    return lambda stderr: any(word in stderr.lower() for word in words)


_KINDS: tuple[tuple[Callable[[str], bool], Callable[[str, str, str], KubernetesError]], ...] = (
    (_says("(forbidden)", "is forbidden", "denied the request"), _forbidden),
    (_says("(notfound)"), _missing),
    (_says("(conflict)", "apply failed with"), _conflict),
    (_says(*_LOGIN), _logged_out),
    (_says(*_OUT_OF_REACH), _unreachable),
    (_says(*_NOT_CONFIGURED), _unconfigured),
)
"""The first whose words are there."""
