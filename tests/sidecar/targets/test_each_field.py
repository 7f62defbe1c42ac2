"""Each field of a service reaches each target, or validate says that it does not."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from sidecar.checks.stacks import left_out
from sidecar.commands import _spec
from sidecar.errors import SidecarError
from sidecar.regions import load_regions
from sidecar.spec.load import load
from sidecar.spec.service_records import SERVICE_KINDS
from sidecar.spec.sources import SpecError
from sidecar.spec.table import walk
from sidecar.targets import compose
from sidecar.targets.helm.differences import differences
from sidecar.targets.helm.values import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = "services[]."
REGIONS = load_regions(None)
FIELDS = {
    path.removeprefix(START): field.example
    for path, field in walk()
    if path.startswith(START) and field.example is not None
    if path.removeprefix(START) not in ("name", "kind", "image", "ignore")
}
OTHER_EXAMPLES = {"job.schedule": "@hourly", "port": 8002, "sampling.type": "remote"}
"""Where the example is what the service has anyway."""
NOWHERE_NEEDED = {("compose", "port")}
"""Compose needs no declaration: every port of a container can be reached in its networks."""


def service(kind: str, name: str) -> dict[str, Any]:
    """Return a service of a kind that can have a field."""
    entry: dict[str, Any] = {"name": "web", "kind": kind}
    entry |= {"build": {"context": "."}} if name.startswith("build") else {"image": "web:1"}
    if kind == "service":
        entry["port"] = 8001
    if kind == "cron":
        entry["job"] = {"schedule": "@daily"}
    if name.startswith("health.") and name != "health.http":
        entry["health"] = {"command": ["true"]}
    if name.startswith("volumes[]"):
        entry["volumes"] = [{"source": "data", "target": "/d"}]
    if name.startswith("sampling"):
        entry["sampling"] = {"type": "probabilistic", "param": 0.5}
    return entry


def with_field(entry: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a service with the example of a field."""
    changed = copy.deepcopy(entry)
    *sections, last = name.split(".")
    inner = changed
    for section in sections:
        is_list = section.endswith("[]")
        inner = inner[section[:-2]][0] if is_list else inner.setdefault(section, {})
    inner[last] = OTHER_EXAMPLES.get(name, FIELDS[name])
    return changed


def seen(folder: Path, entry: dict[str, Any]) -> dict[str, tuple[Any, list[str]]]:
    """Return target → what is rendered, and what validate says of the target."""
    path = folder / "sidecar.yaml"
    path.write_text(json.dumps({"region": "cn-shanghai", "services": [entry]}))
    loaded = load([path])
    plan, _ = _spec.plan_of(loaded, REGIONS, None)
    said = [f"{each.subject}: {each.cause}" for each in left_out(loaded, plan)]
    try:
        stack = compose.render(plan)
    except SidecarError as error:
        stack, said = {}, [str(error)]
    of_chart = [each.id for each in differences(plan) if each.id != "no-memory-limit"]
    return {"compose": (stack, said), "helm": (values_of(plan), of_chart)}


def silent(folder: Path, kind: str, name: str) -> Iterator[str]:
    """Yield the targets that a field does not reach without a word."""
    entry = service(kind, name)
    before, after = seen(folder, entry), seen(folder, with_field(entry, name))
    for target, (rendered, said) in after.items():
        if rendered == before[target][0] and not said:
            yield target


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_reaches_each_target_or_validate_says_so(tmp_path, name: str) -> None:
    """For each kind that can have it; at least one can."""
    reached = 0
    for kind in SERVICE_KINDS:
        try:
            found = {(target, name) for target in silent(tmp_path, kind, name)}
        except SpecError:
            continue
        reached += 1
        assert found <= NOWHERE_NEEDED, kind

    assert reached
