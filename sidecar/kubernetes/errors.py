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
    """The cluster refused a request, or is out of reach."""


class KubectlAbsentError(KubernetesError):
    """There is no kubectl."""


class ClusterUnreachableError(KubernetesError):
    """No cluster is configured, or it does not answer."""


class ForbiddenError(KubernetesError):
    """The user lacks a right; the cause names verb, resource and namespace."""


class RefusedError(KubernetesError):
    """The user has the right, but a policy of the cluster or namespace does not admit this."""


class NotFoundError(KubernetesError):
    """The object does not exist."""


class ConflictError(KubernetesError):
    """Another client changed the object in between, or owns the field."""

    managers: tuple[str, ...] = ()
    """The owners of the field, by server-side apply's names."""


_LACKS = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)"'
    r' in API group "(?P<group>[^"]*)"(?: in the namespace "(?P<namespace>[^"]*)")?'
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
_LOGIN = ("unauthorized", "must be logged in", "getting credentials", "exec plugin")
_NO_NEWS = ("command terminated with exit code", "Defaulted container")
"""Lines that say nothing of the cause begin with these."""
_BEGINS_ERROR = ("error", "the connection", "unable")
_DECORATION = re.compile(
    r"^(error: |Error from server( \(\w+\))?: )| - did you specify the right host or port\?$"
)


def error_of(stderr: str, subject: str = SUBJECT) -> KubernetesError:
    """Return the error that kubectl's output means; an unknown one has its main line."""
    line = _main_line(stderr)
    for matches, make in _ERRORS:
        if matches(stderr):
            return make(stderr, line, subject)
    return KubernetesError(subject, line or "kubectl failed without a message")


def _forbidden(stderr: str, line: str, subject: str) -> KubernetesError:
    lacks = _LACKS.search(stderr)
    if lacks is None:
        cause = f"the cluster does not admit it: {line}"
        return RefusedError(subject, cause, "Ask the administrator of the cluster's policies")
    group = f".{lacks['group']}" if lacks["group"] else ""
    where = f" in namespace {lacks['namespace']}" if lacks["namespace"] else ""
    cause = f"user {lacks['user']} may not {lacks['verb']} {lacks['resource']}{group}{where}"
    return ForbiddenError(subject, cause, f"Ask for a Role with this verb; {RIGHTS}")


def _unreachable(_: str, line: str, subject: str) -> KubernetesError:
    cause = f"the cluster is out of reach: {line}"
    fix = "Check the network, KUBECONFIG and --context with `kubectl version`"
    return ClusterUnreachableError(subject, cause, fix)


def _unconfigured(_: str, line: str, subject: str) -> KubernetesError:
    cause = f"no cluster is configured: {line}"
    fix = "Set KUBECONFIG or --context; `kubectl config get-contexts` lists the contexts"
    return ClusterUnreachableError(subject, cause, fix)


def _logged_out(_: str, line: str, subject: str) -> KubernetesError:
    cause = f"the cluster does not know this user: {line}"
    return ClusterUnreachableError(
        subject, cause, "Log in again; `kubectl auth whoami` shows the user"
    )


def _missing(_: str, line: str, subject: str) -> KubernetesError:
    return NotFoundError(subject, line)


def _conflict(stderr: str, line: str, subject: str) -> KubernetesError:
    error = ConflictError(subject, line)
    error.managers = tuple(dict.fromkeys(_OWNER.findall(stderr)))
    return error


def _main_line(stderr: str) -> str:
    """Return the last line that begins an error, else the last one, undecorated."""
    raw = [line for line in stderr.splitlines() if not line.startswith(_NO_NEWS)]
    lines = [line.strip() for line in raw if line.strip()]
    errors = [line for line in lines if line.lower().startswith(_BEGINS_ERROR)]
    return _DECORATION.sub("", (errors or lines or [""])[-1])


def _has(*words: str) -> Callable[[str], bool]:
    return lambda stderr: any(word in stderr.lower() for word in words)


_ERRORS: tuple[tuple[Callable[[str], bool], Callable[[str, str, str], KubernetesError]], ...] = (
    (_has("(forbidden)", "is forbidden", "denied the request"), _forbidden),
    (_has("(notfound)"), _missing),
    (_has("(conflict)", "apply failed with"), _conflict),
    (_has(*_LOGIN), _logged_out),
    (_has(*_OUT_OF_REACH), _unreachable),
    (_has(*_NOT_CONFIGURED), _unconfigured),
)
"""The first whose words kubectl printed."""
