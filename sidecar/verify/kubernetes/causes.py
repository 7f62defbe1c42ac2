"""Why a pod cannot be looked into, or is not ready: by its state, and the cluster's events."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.kubernetes.errors import KubernetesError
from sidecar.kubernetes.events import events_of
from sidecar.rules import parts, scheduling, starts
from sidecar.verify.kubernetes.unfit import (
    BEFORE_START,
    logs_of,
    problem_of,
    state_of,
    tokens_of,
    volumes_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.findings import Problem
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object, Pod

_READINESS = re.compile(r"(?:Readiness|Startup) probe (?:failed|errored[^:]*|warning): (?P<why>.*)")
_CLOSED = "connection refused"
"""What a probe also gets while a program is only starting."""


class Causes:
    """Asks a cluster for what its pods' states do not say."""

    def __init__(self, kubectl: Kubectl) -> None:
        """Take the namespace of the pods."""
        self._kubectl = kubectl

    def of(self, pod: Pod) -> Problem | None:
        """Return what keeps a pod from being looked into; None where nothing does."""
        state = state_of(pod)
        if state.reason in BEFORE_START and not state.message:
            message = self._warnings(pod)
            state = state._replace(message=message, tokens=tokens_of(pod), volumes=volumes_of(pod))
        if state.reason in (*parts.ENDED, *starts.UNPULLED):
            state = state._replace(message="\n".join((state.message, *self._evidence(pod, state))))
        return problem_of(pod, state) or self._of_node(pod)

    def probe(self, pod: Pod, container: str) -> str:
        """Return what a container's probe got, as the cluster saw it last; may be empty."""
        found = _READINESS.findall(self._warnings(pod, container))
        told = [why for why in found if _CLOSED not in why]
        return str((told or found or [""])[-1])

    def _of_node(self, pod: Pod) -> Problem | None:
        """Return that a pod's node does not answer, where its containers do not say more."""
        if pod.ready or not all(map(_is_ready, pod.data["status"].get("containerStatuses", ()))):
            return None
        return scheduling.not_ready(self._warnings(pod), str(pod.data["spec"].get("nodeName", "")))

    def _evidence(self, pod: Pod, state: parts.PodState) -> Iterator[str]:
        """Yield why a container is not pulled, or ends again and again, as its cluster saw it."""
        if state.reason in starts.UNPULLED:
            yield self._warnings(pod)
            return
        if self._is_foreign(pod, state):
            yield starts.FOREIGN
        yield self._warnings(pod, state.container)

    def _is_foreign(self, pod: Pod, state: parts.PodState) -> bool:
        """Tell whether a container's last words are that its program is for another machine."""
        with suppress(KubernetesError):
            words = logs_of(pod, state)
            return bool(words) and starts.FOREIGN in self._kubectl.run(*words, "--tail=1")
        return False

    def _warnings(self, pod: Pod, container: str = "") -> str:
        """Return the cluster's warnings of a pod or one container, and why it killed that."""
        about = f"{{{container}}}" if container else ""
        return "\n".join(
            str(event.get("message", ""))
            for event in events_of(self._kubectl, "Pod", pod.name)
            if _is_about(event.get("involvedObject", {}), pod, about) and _tells(event)
        )


def _is_ready(status: Object) -> bool:
    return bool(status.get("ready", True))


def _is_about(what: Object, pod: Pod, container: str) -> bool:
    """Tell a pod from a former one of the same name, as a StatefulSet's."""
    own = pod.data["metadata"].get("uid")
    return what.get("uid", own) == own and container in what.get("fieldPath", "")


def _tells(event: Object) -> bool:
    return event.get("type", "Warning") == "Warning" or event.get("reason") == "Killing"
