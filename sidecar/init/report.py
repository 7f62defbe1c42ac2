"""A proposal as text and as JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from sidecar import console
from sidecar.image_names import IMAGES_COMMENT
from sidecar.inject.compose import report as overlay
from sidecar.regions import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from sidecar.init.proposal import Proposal


def next_commands(proposal: Proposal, out: Path) -> list[str]:
    """Return the commands from the spec to a proven trace."""
    spec, folder = shlex.quote(str(out)), f"build/{proposal.region}"
    if proposal.result:
        render = f"sidecar render --file {spec}"
        return [render, *overlay.next_commands(proposal.result)] if proposal.result.plan else []
    return [
        f"sidecar plan --file {spec}",
        f"sidecar render --file {spec}",
        *([f"sidecar token set --out {folder}"] if proposal.region != LOCAL else []),
        f"sidecar images --file {spec} --out {folder}",
        f"docker compose -f {folder}/docker-compose.yml up --detach --wait",
        f"sidecar verify --out {folder}",
    ]


def findings_text(proposal: Proposal, stream: TextIO | None = None) -> str:
    """Return what is traced, and the findings; empty without a Compose file."""
    return overlay.findings_text(proposal.result, stream) if proposal.result else ""


def text(proposal: Proposal, out: Path, files: Sequence[Path]) -> str:
    """Return the findings, what was written and the next commands."""
    found = findings_text(proposal)
    return f"{found}\n{_written(proposal, out, files)}" if found else _written(proposal, out, files)


def _written(proposal: Proposal, out: Path, files: Sequence[Path]) -> str:
    names = ", ".join(_services(proposal))
    services = f"services {names}" if names else "the sample's services"
    lines = [f"{out}: written for {proposal.region} ({proposal.network}): {services}"]
    lines += [f"{path}: written, for the editor" for path in files if path != out]
    return "\n".join([*lines, "", "next:", *map(_step, next_commands(proposal, out))])


def _services(proposal: Proposal) -> list[str]:
    return [str(service["name"]) for service in proposal.data.get("services", ())]


def _step(command: str) -> str:
    comment = f"  {IMAGES_COMMENT}" if command.startswith("sidecar images") else ""
    return f"  {command}{comment}"


def as_json(proposal: Proposal, out: Path, *, written: bool) -> str:
    """Return the whole proposal as JSON."""
    result = proposal.result
    data = {
        "file": str(out),
        "written": written,
        "region": proposal.region,
        "network": proposal.network,
        "services": _services(proposal),
        "left_alone": [asdict(each) for each in proposal.untraced],
        "findings": console.findings_data(result.findings if result else ()),
        "ignored": result.ignored if result else 0,
        "next": next_commands(proposal, out),
        "spec": proposal.text,
    }
    return json.dumps(data, indent=2)
