"""Commands in fixes, as they are to be typed: in the namespace and context that were asked.

A fix has its commands in backquotes. The rules, of which most fixes are, know no cluster.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.kubernetes.kubectl import Kubectl

_QUOTED = re.compile("`([^`]+)`")
_PLACE = re.compile(r" (-n|--namespace|--context|--kube-context)\b")
_OF_NO_CLUSTER = re.compile(r"(config|auth|version)\b")
_OF_NO_NAMESPACE = re.compile(r"((get|describe) (node|namespace|\w+webhook)|uncordon\b)")


def placed(fix: str, kubectl: Kubectl) -> str:
    """Return a fix whose commands name the namespace and the context of `kubectl`."""
    return _QUOTED.sub(lambda quoted: f"`{placed_command(quoted[1], kubectl)}`", fix)


def placed_command(command: str, kubectl: Kubectl) -> str:
    """Return a command with the namespace and context of `kubectl`, where it takes them."""
    program, _, words = command.partition(" ")
    if _PLACE.search(command):
        return command
    if program == "kubectl" and not _OF_NO_CLUSTER.match(words):
        namespace = "" if _OF_NO_NAMESPACE.match(words) else kubectl.namespace
        flags = _flags(("--context=", kubectl.context), ("-n ", namespace))
        return " ".join([program, *flags, words])  # the words may hold `--`
    if program == "helm":
        namespace = "" if "--all-namespaces" in words else kubectl.namespace
        flags = _flags(("-n ", namespace), ("--kube-context ", kubectl.context))
        return " ".join([command, *flags])
    if program == "sidecar" and "--kubernetes-secret" in words:
        flags = _flags(("--namespace ", kubectl.namespace), ("--context ", kubectl.context))
        return " ".join([command, *flags])
    return command


def _flags(*given: tuple[str, str]) -> list[str]:
    return [f"{flag}{value}" for flag, value in given if value]
