"""Targets: each turns a plan into a rendering, with one module and one folder of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.targets import compose, helm, systemd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering


class Target(Protocol):
    """What a target's module offers; its own name is the target's."""

    __name__: str

    def render(self, plan: Plan) -> Rendering:
        """Return the files of a plan; the same plan gives the same bytes."""
        ...


_ALL: tuple[Target, ...] = (compose, helm, systemd)
TARGETS = {target.__name__.rpartition(".")[2]: target for target in _ALL}
USUAL = ("compose", "helm")
"""What is rendered unless a target is named."""


def render(plan: Plan, names: Iterable[str] = ()) -> Rendering:
    """Return the files of the targets with these names, by default the usual ones.

    Raises SidecarError for what a target cannot render.
    """
    targets = [TARGETS[name] for name in tuple(names) or USUAL]
    return {name: text for target in targets for name, text in target.render(plan).items()}
