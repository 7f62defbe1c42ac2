"""A proposal as text and as JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from sidecar import console
from sidecar.image_names import IMAGES_COMMENT
from sidecar.regions import LOCAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from sidecar.init.proposal import Proposal


def next_commands(proposal: Proposal, out: Path) -> list[str]:
    """Return the commands from the spec to a proven trace."""
    spec, folder = shlex.quote(str(out)), f"build/{proposal.region}"
    return [
        f"sidecar plan --file {spec}",
        f"sidecar render --file {spec}",
        *([f"sidecar token set --out {folder}"] if proposal.region != LOCAL else []),
        f"sidecar images --file {spec} --out {folder}",
        f"docker compose -f {folder}/docker-compose.yml up --detach --wait",
        f"sidecar verify --out {folder}",
    ]


def findings_text(proposal: Proposal, ignored: int, stream: TextIO | None = None) -> str:
    """Return the findings and the untraced services; empty where there are none."""
    found = console.findings_text(proposal.findings, ignored, stream)
    parts = [found] if found else []
    if proposal.untraced:
        rows = [(left.service, left.image or "-", left.why) for left in proposal.untraced]
        parts += ["", console.table(("NOT TRACED", "IMAGE", "WHY"), rows), ""]
    return "".join(f"{part}\n" for part in parts)


def text(proposal: Proposal, out: Path, files: Sequence[Path], ignored: int) -> str:
    """Return the findings, what was written and the next commands."""
    return f"{findings_text(proposal, ignored)}{_written(proposal, out, files)}"


def _written(proposal: Proposal, out: Path, files: Sequence[Path]) -> str:
    names = [str(service["name"]) for service in proposal.data.get("services", ())]
    services = f"services {', '.join(names)}" if names else "the sample's services"
    lines = [f"{out}: written for {proposal.region} ({proposal.network}): {services}"]
    lines += [f"{path}: written, for the editor" for path in files if path != out]
    return "\n".join([*lines, "", "next:", *map(_step, next_commands(proposal, out))])


def _step(command: str) -> str:
    comment = f"  {IMAGES_COMMENT}" if command.startswith("sidecar images") else ""
    return f"  {command}{comment}"


def as_json(proposal: Proposal, out: Path, ignored: int, *, written: bool) -> str:
    """Return the whole proposal as JSON."""
    data = {
        "file": str(out),
        "written": written,
        "region": proposal.region,
        "network": proposal.network,
        "services": [service["name"] for service in proposal.data.get("services", ())],
        "left_alone": [asdict(left) for left in proposal.untraced],
        "findings": console.findings_data(proposal.findings),
        "ignored": ignored,
        "next": next_commands(proposal, out),
        "spec": proposal.text,
    }
    return json.dumps(data, indent=2)
