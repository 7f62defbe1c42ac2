"""A stack and a spec → what is traced, what is wrong, and what keeps agents from being added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sidecar.inject.compose.choose import choose
from sidecar.inject.compose.decide import overlay_of
from sidecar.inject.compose.findings import findings_of, refusals_of
from sidecar.inject.compose.planning import located, named_in, plan_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeFile
    from sidecar.findings import Finding
    from sidecar.inject.compose.choice import Choice, Wishes
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec import Spec
    from sidecar.targets.overlay import Overlay


@dataclass(frozen=True)
class Survey:
    """What is known of a stack before anything is added."""

    file: ComposeFile
    choice: Choice
    spec: Spec
    """With the region of a hand-made agent's gateway, where it names none."""
    findings: tuple[Finding, ...]
    refusals: tuple[Finding, ...]
    """What keeps agents from being added."""


def survey(file: ComposeFile, wishes: Wishes, spec: Spec, regions: Mapping[str, Region]) -> Survey:
    """Decide what is traced, and judge it. Raises SidecarError for a name that no service has.

    Services that the wishes name win over those of the spec.
    """
    services = wishes.services or named_in(spec, file)
    choice = choose(file, replace(wishes, services=services))
    spec = located(spec, choice.agents, regions)
    return Survey(
        file=file,
        choice=choice,
        spec=spec,
        findings=tuple(findings_of(file, choice, spec, regions)),
        refusals=tuple(refusals_of(file, choice, spec.region)),
    )


def overlaid(
    found: Survey, files: Sequence[Path], regions: Mapping[str, Region]
) -> tuple[Overlay, Plan]:
    """Return what is added to the files, and its plan. Raises SidecarError as make_plan does."""
    plan = plan_for(found.spec, found.choice.traced, found.file, regions)
    return overlay_of(found.file, files, found.choice, plan)
