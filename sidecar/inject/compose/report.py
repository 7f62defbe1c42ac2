"""What `sidecar inject` says of a Compose file, as text and as JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sidecar import console
from sidecar.existing.compose import secrets
from sidecar.image_names import IMAGES_COMMENT
from sidecar.plan.agents import tags_key
from sidecar.regions import LOCAL
from sidecar.rules.agents import DEFAULT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from sidecar.findings import Finding
    from sidecar.inject.compose.choice import Choice
    from sidecar.inject.compose.compare import Compared
    from sidecar.plan import Plan
    from sidecar.targets.overlay import Overlay

_HEAD = ("SERVICE", "TRACED", "WHY", "REPORTS")


@dataclass(frozen=True)
class Stack:
    """The user's files, and where the overlay goes."""

    files: tuple[Path, ...]
    out: Path
    active: bool
    """Whether `docker compose up` reads the overlay by itself."""
    profiles: tuple[str, ...] = ()
    tokens: frozenset[str] = frozenset()
    specs: tuple[Path, ...] = ()
    """The files of the spec; empty: only flags."""

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.files[0].parent


@dataclass(frozen=True)
class Result:
    """An overlay that is ready, or why there is none."""

    stack: Stack
    choice: Choice
    findings: tuple[Finding, ...]
    ignored: int
    plan: Plan | None = None
    overlay: Overlay | None = None
    text: str = ""
    compared: Compared | None = None


def next_commands(result: Result) -> list[str]:
    """Return the commands from the overlay to a proven trace."""
    stack, plan = result.stack, result.plan
    folder = shlex.quote(str(stack.folder))
    out = "" if str(stack.folder) == "." else f" --out {folder}"
    compose = f"docker compose{'' if stack.active else named([*stack.files, stack.out])}"
    profiles = "".join(f" --profile {shlex.quote(name)}" for name in stack.profiles)
    leaving = " ".join(service.name for service in result.choice.leaving)
    specs = "".join(f" --file {shlex.quote(str(path))}" for path in stack.specs)
    local = plan is not None and plan.region == LOCAL
    return [
        *([] if local else [f"sidecar token set --out {folder}{_version(plan)}"]),
        f"sidecar images{specs} --out {folder}",
        f"{compose}{profiles} up --detach --wait",
        # Compose leaves the container of a service whose profile is not active as it is
        *([f"{compose} rm --stop --force {leaving}"] if leaving else []),
        f"sidecar verify{out}",
    ]


def _version(plan: Plan | None) -> str:
    """Return the flag for an agent whose file names its tags otherwise."""
    version = plan.services[0].agent.tags_version if plan else DEFAULT_VERSION
    return "" if tags_key(version) == tags_key(DEFAULT_VERSION) else f" --agent-version {version}"


def named(files: Iterable[Path]) -> str:
    """Return files as arguments of Compose."""
    return "".join(f" -f {shlex.quote(str(path))}" for path in files)


def table(result: Result) -> str:
    """Return what is traced, what is not, and why."""
    rows = [
        (each.service, "yes" if each.traced else "no", each.why, each.reports)
        for each in result.choice.verdicts
    ]
    tokens = result.stack.tokens
    return console.table(_HEAD, [[secrets.redact(cell, tokens) for cell in row] for row in rows])


def findings_text(result: Result, stream: TextIO | None = None) -> str:
    """Return the table, and then the findings."""
    found = console.findings_text(result.findings, result.ignored, stream)
    return f"{table(result)}\n" + (f"\n{found}\n" if found else "")


def text(result: Result, written: Iterable[str]) -> str:
    """Return the table, the findings, what was written and the next commands."""
    names = ", ".join(service.name for service in result.choice.traced)
    left = [service.name for service in result.choice.leaving]
    where = f"{result.plan.region} ({result.plan.gateway.network})" if result.plan else ""
    lines = [f"{result.stack.out}: written for {where}: an agent for {names}"]
    lines += [f"{', '.join(left)}: replaced"] if left else []
    lines += [str(result.compared)] if result.compared else []
    steps = [_step(command) for command in next_commands(result)]
    return "\n".join([findings_text(result), *lines, *written, "", "next:", *steps])


def _step(command: str) -> str:
    comment = f"  {IMAGES_COMMENT}" if command.startswith("sidecar images") else ""
    return f"  {command}{comment}"


def as_json(result: Result, *, written: bool) -> str:
    """Return all of it as JSON."""
    plan, compared = result.plan, result.compared
    leaving = [service.name for service in result.choice.leaving]
    data: dict[str, Any] = {
        "file": str(result.stack.out),
        "files": [str(path) for path in result.stack.files],
        "written": written,
        "region": plan.region if plan else None,
        "network": plan.gateway.network if plan else None,
        "services": [asdict(verdict) for verdict in result.choice.verdicts],
        "replaced": leaving,
        "compared": asdict(compared) if compared else None,
        "findings": console.findings_data(result.findings),
        "ignored": result.ignored,
        "next": next_commands(result) if plan else [],
        "overlay": result.text,
    }
    return json.dumps(console.masked(data), indent=2)
