"""Checks of a plan, its rendering and the folder it goes to: each returns findings, none prints."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.findings import Finding, Severity

if TYPE_CHECKING:
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.rendering import Rendering
    from sidecar.spec import Capacity


def check_region(region: Region, network: str) -> list[Finding]:
    """Warn of a catalogue row that a source contradicts."""
    if network == "vpc" and region.doubtful:
        fix = "Ask the vendor, or use --network public"
        return [Finding(Severity.WARNING, region.id, "region", region.doubtful, fix)]
    return []


def check_capacity(plan: Plan, capacity: Capacity) -> list[Finding]:
    """Warn where an agent cannot forward what the capacity asks for, with all replicas that share it."""
    return [
        Finding(
            Severity.WARNING,
            service.name,
            "capacity",
            f"{capacity.spans_per_second * service.replicas:,} spans/s is above the {ceiling:,} that its agent forwards at "
            f"{capacity.round_trip_ms} ms in stock batches",
            "Run more replicas, use sidecar_tracing's batches of 50, or a nearer gateway",
        )
        for service in plan.services
        if (ceiling := service.agent.tuning.ceiling_spans_per_second) < capacity.spans_per_second * service.replicas
    ]


def check_token_file(plan: Plan, folder: Path) -> list[Finding]:
    """Check that the agent's user can read the token's file; its content is not looked at."""
    path = folder / plan.token_file
    if not folder.is_dir():
        return []
    if not path.is_file():
        fix = f"sidecar token set --out {folder}"
        return [Finding(Severity.WARNING, plan.token_file, str(path), "is not there; the agents will not start", fix)]
    if not path.stat().st_mode & 0o004:
        cause = f"the agent's user {plan.services[0].agent.user} cannot read it"
        return [Finding(Severity.ERROR, plan.token_file, str(path), cause, f"chmod 0444 {path}")]
    return []


def check_folder(rendering: Rendering, folder: Path) -> list[Finding]:
    """Tell why render would refuse the folder."""
    from sidecar.rendering import check

    try:
        check(rendering, folder)
    except SidecarError as error:
        return [as_finding(error)]
    return []


def as_finding(error: SidecarError) -> Finding:
    """Return a known error as a finding."""
    return Finding(Severity.ERROR, error.subject, "", error.cause, error.fix)


def check_fresh(rendering: Rendering, folder: Path) -> list[Finding]:
    """Warn of files in the folder that a render would change."""
    stale = [name for name, text in rendering.items() if (folder / name).is_file() and _read(folder / name) != text]
    fix = "Render again; `sidecar render --diff` shows the difference"
    return [Finding(Severity.WARNING, name, str(folder / name), "differs from a fresh render", fix) for name in stale]


def check_compose(rendering: Rendering) -> list[Finding]:
    """Let Compose itself read the rendering; a warning where Compose is not installed."""
    from sidecar.engine.compose import find_compose
    from sidecar.engine.errors import ComposeAbsentError

    try:
        compose = find_compose()
    except ComposeAbsentError as error:
        return [Finding(Severity.WARNING, "docker compose", "", f"not asked: {error.cause}", error.fix)]
    with tempfile.TemporaryDirectory(prefix="sidecar-validate-") as scratch:
        for name, text in rendering.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
        try:
            compose.run(Path(scratch), "config", "--quiet")
        except SidecarError as error:
            return [Finding(Severity.ERROR, "docker compose", "config", error.cause, error.fix)]
    return []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
