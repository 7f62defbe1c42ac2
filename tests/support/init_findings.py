"""What `sidecar init --from` proposes for a Compose file, and what it finds in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.init.proposal import Answers, from_stack
from sidecar.inject.compose.report import Stack
from sidecar.regions import load_regions

if TYPE_CHECKING:
    from sidecar.findings import Finding
    from sidecar.init.proposal import Proposal


def init_findings(text: str, region: str = "cn-hangzhou") -> tuple[Finding, ...]:
    """Return what init finds in a Compose text, for a region that is given with --region."""
    result = init_proposal(text, region).result
    return result.findings if result else ()


def init_proposal(text: str, region: str = "cn-hangzhou") -> Proposal:
    """Return what init proposes for a Compose text."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "compose.yaml"
        path.write_text(text, encoding="utf-8")
        stack = Stack((path,), path.with_name("overlay.yml"), active=False)
        answers, out = Answers(region=region), path.with_name("s.yaml")
        return from_stack(stack, [path], answers, load_regions(), out)
