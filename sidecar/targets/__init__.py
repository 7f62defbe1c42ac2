"""Targets: each turns a plan into a rendering, with one module and one folder of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.targets import compose, helm

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.rendering import Rendering


class Target(Protocol):
    """What a target's module offers."""

    def render(self, plan: Plan) -> Rendering:
        """Return the files of a plan; the same plan gives the same bytes."""
        ...


TARGETS: tuple[Target, ...] = (compose, helm)


def render(plan: Plan) -> Rendering:
    """Return the files of every target; the chart has no collectors yet."""
    targets = (compose,) if plan.queues else TARGETS
    return {name: text for target in targets for name, text in target.render(plan).items()}
