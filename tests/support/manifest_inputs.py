"""What the tests of inject on manifests share: a plan's additions, and whole streams in and out."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.existing.manifests.config_maps import ConfigMaps
from sidecar.existing.manifests.stream import split
from sidecar.inject.manifests import documents
from sidecar.inject.manifests.choose import Choice
from sidecar.plan import make_plan
from sidecar.regions import load_regions
from sidecar.spec import JAEGER_AGENT
from sidecar.spec.load import load
from sidecar.targets.manifests import additions

if TYPE_CHECKING:
    from sidecar.inject.manifests.documents import Outcome
    from sidecar.plan import Plan
    from sidecar.targets.manifests import Additions

FOLDER = Path(__file__).parent.with_name("golden") / "inject" / "manifests"
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: shop/web:1
"""


def inputs() -> list[Path]:
    """Return the inputs of our own, each a shape that people have."""
    return sorted(FOLDER.glob("*.in.*"))


@cache
def plan(kind: str = JAEGER_AGENT, region: str = "cn-shanghai") -> Plan:
    """Return the plan of a region without a spec."""
    flags = {"region": region, "agent.kind": kind}
    return make_plan(load((), flags, {}).spec, load_regions()[region])


@cache
def added(kind: str = JAEGER_AGENT, *, native: bool = True) -> Additions:
    """Return what is added to each pod."""
    return additions(plan(kind), "tracing", native=native)


def inject(data: bytes, name: str = "in.yaml", **chosen: Any) -> tuple[bytes, list[Outcome]]:
    """Return a stream with agents, and what became of its workloads."""
    choice = Choice(**chosen)
    out, outcomes, maps = [], [], ConfigMaps()
    for piece in split(data.splitlines(keepends=True)):
        changed = documents.inject(
            piece, name, choice, added(choice.kind, native=choice.native), maps
        )
        out.append(changed.data)
        outcomes += changed.outcomes
    return b"".join(out), outcomes


def uninject(data: bytes, name: str = "in.yaml") -> tuple[bytes, list[Outcome]]:
    """Return a stream without the agents that inject added."""
    changed = [documents.uninject(piece, name) for piece in split(data.splitlines(keepends=True))]
    found = [outcome for one in changed for outcome in one.outcomes]
    return b"".join(one.data for one in changed), found


def ids(text: str, **chosen: Any) -> set[str]:
    """Return the ids of all that inject, and then uninject, find in a stream."""
    try:
        out, outcomes = inject(text.encode(), **chosen)
        outcomes += uninject(out)[1]
    except SidecarError as error:
        return {error.id}
    skips = {one.skip.problem.rule.id for one in outcomes if one.skip and one.skip.problem}
    return skips | {finding.id for one in outcomes for finding in one.findings}
