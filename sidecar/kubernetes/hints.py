"""Commands in fixes, as they are to be typed: in the namespace and context that were asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.kubernetes.kubectl import Kubectl

_AS_IT_IS = r"-n |--context=|config|auth|version"
_CLUSTER_WIDE = r"(?:get|describe) (?:nodes?|namespaces?|\w+webhook\w+)\b|uncordon"
_KUBECTL = re.compile(rf"`kubectl (?!{_AS_IT_IS})(?=({_CLUSTER_WIDE})?)")
_SIDECAR = re.compile(r"(`sidecar token set --kubernetes-secret )(?!NAME)([^`]*)`")


def placed(fix: str, kubectl: Kubectl) -> str:
    """Return a fix whose commands name the namespace and the context of `kubectl`."""
    context = f"--context={kubectl.context} " if kubectl.context else ""
    namespace = f"-n {kubectl.namespace} " if kubectl.namespace else ""
    fix = _KUBECTL.sub(lambda found: found[0] + context + ("" if found[1] else namespace), fix)
    return _SIDECAR.sub(lambda found: f"{found[1]}{found[2]}{_long(kubectl)}`", fix)


def _long(kubectl: Kubectl) -> str:
    given = (("namespace", kubectl.namespace), ("context", kubectl.context))
    return "".join(f" --{name} {value}" for name, value in given if value)
