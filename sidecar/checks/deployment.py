"""Checks of a plan, its rendering and the folder it goes to: each returns findings, none prints."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files
from sidecar import rendering as renderings
from sidecar.engine.compose import find_compose
from sidecar.engine.errors import ComposeAbsentError
from sidecar.errors import SidecarError
from sidecar.findings import Finding, Severity
from sidecar.plan.agents import tags_key
from sidecar.regions import LOCAL
from sidecar.rules import deployments, token_files
from sidecar.rules.specs import UNREADABLE_FILE
from sidecar.tokens.check import check_agent_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.engine.compose import Compose
    from sidecar.findings import Rule
    from sidecar.plan import Plan
    from sidecar.rendering import Rendering

_LINE = re.compile(r".+:[0-9]+")


def as_finding(error: SidecarError, rule: Rule = deployments.NOT_RENDERED) -> Finding:
    """Return a known error as a finding; a subject "FILE:LINE: field" gives its place.

    The rule is for an error that names none.
    """
    place, _, subject = error.subject.rpartition(": ")
    if not place and _LINE.fullmatch(subject):
        place, subject = subject, ""
    return Finding(Severity.ERROR, subject, place, error.cause, error.fix, error.id or rule.id)


def found_in(
    check: Callable[[], list[Finding]], folder: Path, rule: Rule = UNREADABLE_FILE
) -> list[Finding]:
    """Return a check's findings; a folder or file that cannot be read is one."""
    try:
        with files.reading(folder):
            return check()
    except SidecarError as error:
        return [as_finding(error, rule)]


# The folder -----------------------------------------------------------------------------------


def check_folder(rendering: Rendering, folder: Path) -> list[Finding]:
    """Report why render would refuse the folder."""

    def check() -> list[Finding]:
        renderings.check(rendering, folder)
        return []

    return found_in(check, folder, deployments.FOLDER_REFUSED)


def check_fresh(rendering: Rendering, folder: Path) -> list[Finding]:
    """Warn of files in the folder that a render would change."""
    found = []
    for name, text in rendering.items():
        path = folder / name
        equal = not path.is_file() or _read(path) == text
        if problem := deployments.freshness(equal=equal):
            found.append(problem.at(name, str(path)))
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def check_token_file(plan: Plan, folder: Path) -> list[Finding]:
    """Check a rendered folder's token file: permissions, key for the agent's version, token."""
    path, agent = folder / plan.token_file, plan.services[0].agent
    if not folder.is_dir():
        return []
    fix = f"Run `sidecar token set --out {shlex.quote(str(folder))}`"
    if missing := token_files.rendered(fix, exists=path.exists()):
        return [missing.at(plan.token_file, str(path))]
    found = check_agent_file(path, tags_key(agent.tags_version), agent.user).findings
    if plan.region == LOCAL:  # its token is public, and so may its file be
        return [finding for finding in found if finding.severity is Severity.ERROR]
    return list(found)


# Compose --------------------------------------------------------------------------------------


def check_compose(rendering: Rendering, folder: Path) -> list[Finding]:
    """Let Compose read the rendering as if it were in the folder."""
    subject = "docker compose"
    try:
        compose = find_compose()
    except ComposeAbsentError as error:
        absent = deployments.compose_installed(error.cause, error.fix)
        return [absent.at(subject, "")] if absent else []
    with tempfile.TemporaryDirectory(prefix="sidecar-validate-") as name:
        scratch = Path(name)
        for file, text in rendering.items():
            (scratch / file).parent.mkdir(parents=True, exist_ok=True)
            (scratch / file).write_text(text, encoding="utf-8")
        try:
            _config(compose, scratch, folder)
        except SidecarError as error:
            cause = error.cause.replace(str(scratch.resolve()), str(folder))
            refused = deployments.compose_config(cause, error.fix)
            return [refused.at(subject, "config")] if refused else []
    return []


def _config(compose: Compose, scratch: Path, folder: Path) -> None:
    # a later flag wins: relative paths, of env files for example, start at the folder
    compose.run(scratch, "--project-directory", str(files.real(folder)), "config", "--quiet")
