"""What `sidecar init` proposes for a Compose file, and what it finds in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.existing.compose.load import load
from sidecar.init.proposal import Answers, from_compose
from sidecar.regions import load_regions

if TYPE_CHECKING:
    from sidecar.findings import Finding
    from sidecar.init.proposal import Proposal


def init_findings(text: str, region: str = "cn-hangzhou") -> tuple[Finding, ...]:
    """Return what init finds in a Compose text, for a region that is given with --region."""
    return init_proposal(text, region).findings


def init_proposal(text: str, region: str = "cn-hangzhou") -> Proposal:
    """Return what init proposes for a Compose text."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "compose.yaml"
        path.write_text(text, encoding="utf-8")
        answers = Answers(region=region)
        return from_compose(load(path), answers, load_regions(), path.parent / "s.yaml")
