"""Checks of a plan, its rendering and the folder it goes to: each returns findings, none prints."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.findings import Finding, Severity
from sidecar.regions import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

_LINE = re.compile(r".+:[0-9]+")


def check_token_file(plan: Plan, folder: Path) -> list[Finding]:
    """Check the token's file of a rendered folder: its rights, its key for the agent's version, and the token."""
    from sidecar.agent import tags_key
    from sidecar.tokens.check import check_agent_file

    path, agent = folder / plan.token_file, plan.services[0].agent
    if not folder.is_dir():
        return []
    if not path.exists():
        fix = f"sidecar token set --out {shlex.quote(str(folder))}"
        return [
            Finding(
                Severity.WARNING,
                plan.token_file,
                str(path),
                "is not there; the agents will not start",
                fix,
            )
        ]
    return [
        finding
        for finding in check_agent_file(path, tags_key(agent.version), agent.user).findings
        if plan.region != LOCAL
        or finding.severity is Severity.ERROR  # its token is public, and so may its file be
    ]


def looked_into(check: Callable[[], list[Finding]], folder: Path) -> list[Finding]:
    """Return a check's findings; a folder or file that cannot be looked into is one."""
    try:
        with files.reading(folder):
            return check()
    except SidecarError as error:
        return [as_finding(error)]


def check_folder(rendering: Rendering, folder: Path) -> list[Finding]:
    """Tell why render would refuse the folder."""
    from sidecar.rendering import check

    def ask() -> list[Finding]:
        check(rendering, folder)
        return []

    return looked_into(ask, folder)


def as_finding(error: SidecarError) -> Finding:
    """Return a known error as a finding; a subject "FILE:LINE: field" gives its place."""
    place, _, subject = error.subject.rpartition(": ")
    if not place and _LINE.fullmatch(subject):
        place, subject = subject, ""
    return Finding(Severity.ERROR, subject, place, error.cause, error.fix, error.id)


def check_fresh(rendering: Rendering, folder: Path) -> list[Finding]:
    """Warn of files in the folder that a render would change."""
    stale = [
        name
        for name, text in rendering.items()
        if (folder / name).is_file() and _read(folder / name) != text
    ]
    fix = "Render again; `sidecar render --diff` shows the difference"
    return [
        Finding(Severity.WARNING, name, str(folder / name), "differs from a fresh render", fix)
        for name in stale
    ]


def check_compose(rendering: Rendering, folder: Path) -> list[Finding]:
    """Let Compose itself read the rendering as if it lay in the folder; a warning where Compose is not installed."""
    from sidecar.engine.compose import find_compose
    from sidecar.engine.errors import ComposeAbsentError

    try:
        compose = find_compose()
    except ComposeAbsentError as error:
        return [
            Finding(Severity.WARNING, "docker compose", "", f"not asked: {error.cause}", error.fix)
        ]
    with tempfile.TemporaryDirectory(prefix="sidecar-validate-") as scratch:
        for name, text in rendering.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
        try:
            # a later flag wins: relative paths, of env files for one, start at the folder
            compose.run(
                Path(scratch), "--project-directory", str(folder.resolve()), "config", "--quiet"
            )
        except SidecarError as error:
            cause = error.cause.replace(str(Path(scratch).resolve()), str(folder))
            return [Finding(Severity.ERROR, "docker compose", "config", cause, error.fix)]
    return []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
