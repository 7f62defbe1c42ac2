"""What a cluster reports of an object in events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.kubernetes.errors import KubernetesError

if TYPE_CHECKING:
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object


def events_of(kubectl: Kubectl, kind: str, name: str, where: str = "") -> list[Object]:
    """Return the events of an object whose fields are as in `where`, the last one last.

    `where` is a field selector, such as `type=Warning`. Empty for a user who may not list events.
    """
    fields = (f"involvedObject.kind={kind}", f"involvedObject.name={name}", where)
    selector = ",".join(filter(None, fields))
    try:
        return sorted(kubectl.get("events", f"--field-selector={selector}")["items"], key=when)
    except KubernetesError:
        return []


def when(event: Object) -> str:
    """Return when an event last came, as the cluster writes it; empty where it does not say."""
    return str(event.get("lastTimestamp") or "")
