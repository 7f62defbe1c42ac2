"""What there is of a release at one moment, and when its services last reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.kubernetes.forward import forwarded
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.verify.kubernetes.selection import is_gateway
from sidecar.verify.kubernetes.stand_ins import StandIns
from sidecar.watch.gateway import last_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.deployment import Lack
    from sidecar.verify.kubernetes.groups import Groups
    from sidecar.verify.kubernetes.shared import Trouble


@dataclass(frozen=True)
class Found:
    """What there is of a deployment at one moment."""

    pods: Sequence[Pod]
    traced: Sequence[Pod]
    groups: Groups
    lacks: Sequence[Lack]
    away: Sequence[Trouble]
    """The parts that agents need and that do not run."""

    @property
    def names(self) -> dict[str, str]:
        """Return pod → what its service goes by, as in a proof."""
        return {pod.name: name for name, pods in self.groups.running.items() for pod in pods}


def last_spans(kubectl: Kubectl, found: Found) -> dict[str, float]:
    """Return pod → when its service last reported, as the stand-in of its chart shows it."""
    stand_ins = StandIns(kubectl, [pod for pod in found.pods if is_gateway(pod)])
    by_page: dict[str, list[Pod]] = {}
    for pod in found.traced:
        if page := stand_ins.of(pod):
            by_page.setdefault(page.name, []).append(pod)
    spans: dict[str, float] = {}
    for page in stand_ins.pods:
        spans |= _shown(kubectl, page, by_page.get(page.name, ()))
    return spans


def _shown(kubectl: Kubectl, page: Pod, pods: Sequence[Pod]) -> dict[str, float]:
    if not pods:
        return {}
    try:
        with forwarded(kubectl, page, STAND_IN_PAGE_PORT) as url:
            moments = {
                service: last_span(url, service) for service in {pod.service for pod in pods}
            }
    except SidecarError:
        return {}
    return {pod.name: moment for pod in pods if (moment := moments[pod.service])}
