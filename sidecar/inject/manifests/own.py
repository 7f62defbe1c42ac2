"""What in a workload is the kit's own, by the marks that inject left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.manifests.nodes import texts_at
from sidecar.inject.manifests.marks import CHECKSUM, INJECTED
from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.targets.manifests import OWN_NAMES, OwnNames
from sidecar.targets.manifests.shared import LABEL

if TYPE_CHECKING:
    from sidecar.existing.manifests.nodes import Node
    from sidecar.existing.manifests.workloads import Workload

_NOTHING = OwnNames((), (), ())


def is_injected(workload: Workload) -> bool:
    """Tell whether a workload has an agent of the kit by `sidecar inject`."""
    return INJECTED in _marks(workload)


def has_collector(workload: Workload) -> bool:
    """Tell whether a workload has a collector by `sidecar inject`."""
    return {INJECTED, CHECKSUM} <= _marks(workload).keys()


def own_names(workload: Workload) -> OwnNames:
    """Return the names of what inject added to a workload's pod."""
    if not is_injected(workload):
        return _NOTHING
    return OWN_NAMES[COLLECTOR if has_collector(workload) else JAEGER_AGENT]


def is_added(node: Node | None) -> bool:
    """Tell whether an object is one that inject added to a namespace."""
    return LABEL in texts_at(node, "metadata", "labels")


def _marks(workload: Workload) -> dict[str, str]:
    return texts_at(workload.template, "metadata", "annotations")
