"""The container that makes the collectors' user the owner of new volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.plan import collectors
from sidecar.plan.names import free_name
from sidecar.plan.records import ImagePlan, QueuesPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.image_names import Image

_NAME = "sidecar-queues"
_FOLDER = "/queues"


def plan_queues(services: Sequence[str], image: Image) -> QueuesPlan:
    """Return what prepares the volumes of these services' collectors.

    An engine gives a new volume to root, and the official image has no folder whose owner it could
    take over instead.
    """
    user, group = collectors.USER.split(":")
    give = f"import os; [os.chown(e.path, {user}, {group}) for e in os.scandir({_FOLDER!r})]"
    own = ImagePlan(image.name, image.variable, image.role)
    return QueuesPlan(free_name(_NAME, services), own, ("python", "-c", give), _FOLDER)
