"""What a cluster reports of an object in events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.kubernetes.errors import KubernetesError

if TYPE_CHECKING:
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object


def events_of(kubectl: Kubectl, kind: str, name: str, where: str = "") -> list[Object]:
    """Return the events of an object whose fields are as in `where`, such as `type=Warning`.

    Empty for a user who may not list events.
    """
    fields = ",".join(
        (f"involvedObject.kind={kind}", f"involvedObject.name={name}", *((where,) if where else ()))
    )
    try:
        return list(kubectl.get("events", f"--field-selector={fields}")["items"])
    except KubernetesError:
        return []
