"""Manifests in shapes that people have: what inject makes of each, and that it leaves the rest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import kubernetes_validate
import pytest
import yaml
from manifest_inputs import inject, inputs, uninject

from sidecar.spec import COLLECTOR, JAEGER_AGENT

if TYPE_CHECKING:
    from pathlib import Path

SHAPES = [pytest.param(path, id=path.name.partition(".")[0]) for path in inputs()]
REPLACED = {
    "agent-by-hand",
    "agent-behind-a-text",
    "agent-in-json",
    "agent-last",
    "agent-with-a-token",
}
NULLS = {"pod", "empty-places", "configmap-variables", "daemonset-tolerant", "opentelemetry"}
"""Shapes with a null that becomes a list, or with the address of another agent."""
KINDS = (JAEGER_AGENT, COLLECTOR)
OWN = {
    JAEGER_AGENT: {"jaeger-agent": "Always"},
    COLLECTOR: {"sidecar-wait": None, "jaeger-agent": "Always", "sidecar-drain": "Always"},
}
"""Each kind of agent → the first init containers and their restart policies."""
VOLUMES = {JAEGER_AGENT: "'secretName': 'tracing'", COLLECTOR: "'name': 'sidecar-queue'"}
NAMED = "agent-of-others"
"""A shape with a volume that has a name of an agent's, and none of a collector's."""
GONE = {"agent-with-a-token"}
"""Shapes with a token, which is not kept."""


def _inject(path: Path, kind: str = JAEGER_AGENT) -> tuple[bytes, list]:
    replace = ("*",) if path.name.partition(".")[0] in REPLACED else ()
    return inject(path.read_bytes(), path.name, replace=replace, kind=kind)


@pytest.mark.parametrize("path", SHAPES)
def test_the_result_is_the_golden_one(path, golden) -> None:
    """The manifests, and what is said about each workload."""
    out, outcomes = _inject(path)
    said = []
    for one in outcomes:
        why = f": {one.skip.cause}" if one.skip else ""
        said.append(f"{one.place}: {one.kind} {one.name}: {one.done}{why}")
        said += [f"  {finding}" for finding in one.findings]

    name = f"inject/manifests/{path.name.replace('.in.', '.out.')}"
    golden(name, out.decode())
    golden(f"{name}.txt", "\n".join(said) + "\n")


@pytest.mark.parametrize("path", SHAPES)
def test_lines_are_added_and_none_changes(path) -> None:
    """Only where an agent of the user's gives way, lines of the input are missing."""
    after = iter(_pieces(_inject(path)[0]))
    missing = [piece for piece in _pieces(path.read_bytes()) if piece not in after]

    assert not missing or path.name.partition(".")[0] in REPLACED | NULLS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", SHAPES)
def test_a_second_time_changes_nothing(path, kind) -> None:
    """Inject is idempotent."""
    once, _ = _inject(path, kind)

    assert once == inject(once, kind=kind)[0]


@pytest.mark.parametrize("path", SHAPES)
def test_the_kind_changes_and_uninject_gives_the_original_bytes_back(path) -> None:
    """From agents to collectors and back: as data, it is what the kind alone would be."""
    agents, _ = _inject(path)
    collectors, _ = inject(agents, path.name, kind=COLLECTOR)
    again, _ = inject(collectors, path.name)

    if path.name.partition(".")[0] != NAMED:
        assert _read(agents, path.suffix) == _read(again, path.suffix)
    if path.name.partition(".")[0] not in GONE:
        assert _read(_inject(path, COLLECTOR)[0], path.suffix) == _read(collectors, path.suffix)
        assert path.read_bytes() == uninject(collectors)[0]
        assert path.read_bytes() == uninject(again)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", SHAPES)
def test_uninject_gives_the_original_bytes_back(path, kind) -> None:
    """Except for an agent that held a token, which is said."""
    back, outcomes = uninject(_inject(path, kind)[0])

    if path.name.partition(".")[0] in GONE:
        assert ["agent-not-restored"] == [one.id for each in outcomes for one in each.findings]
    else:
        assert path.read_bytes() == back


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", SHAPES)
def test_the_agent_comes_before_all_that_reports_to_it(path, kind) -> None:
    """In every workload that got one, with its volume and the variables of each container."""
    out, outcomes = _inject(path, kind)
    pods = [pod for document in _read(out, path.suffix) for pod in _pods(document)]
    found = [pod for pod in pods if VOLUMES[kind] in str(pod.get("volumes"))]

    assert sum(one.done == "added" for one in outcomes) == len(found)
    for pod in found:
        own = pod["initContainers"][: len(OWN[kind])]
        assert OWN[kind] == {each["name"]: each.get("restartPolicy") for each in own}
        for container in (*pod["initContainers"][len(own) :], *pod["containers"]):
            values = {item["name"]: item.get("value") for item in container["env"]}
            assert "127.0.0.1" == values["JAEGER_AGENT_HOST"]
            assert "6831" == values["JAEGER_AGENT_PORT"]
            assert len(container["env"]) == len(values)


def _pieces(data: bytes) -> list[str]:
    """Return a text in pieces that are smaller than a line: additions may stand within one."""
    pieces = re.sub(r"([{\[]|, )|([}\]])", r"\1\n\2", data.decode()).split("\n")
    return [piece for piece in pieces if piece.strip()]


def _pods(document) -> list[dict]:
    if not isinstance(document, dict):
        return []
    if document.get("kind") == "List":
        return [pod for item in document["items"] for pod in _pods(item)]
    spec = document.get("spec") or {}
    if document.get("kind") == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if document.get("kind") == "Pod":
        return [spec]
    return [spec["template"]["spec"]] if (spec.get("template") or {}).get("spec") else []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", SHAPES)
@pytest.mark.parametrize("version", ["1.29", "1.34"])
def test_the_api_takes_what_it_took_before(path, version, kind) -> None:
    """By its schemas: inject breaks no rule that the input kept."""
    before, after = path.read_bytes(), _inject(path, kind)[0]

    assert _violations(after, path.suffix, version) <= _violations(before, path.suffix, version)


def _violations(data: bytes, suffix: str, version: str) -> set[str]:
    found = set()
    for document in _read(data, suffix):
        items = document if isinstance(document, dict) else {}
        for each in items.get("items", [items]) if items.get("kind") == "List" else [items]:
            found |= _violation(each, version)
    return found


def _violation(each, version: str) -> set[str]:
    try:
        kubernetes_validate.validate(each, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return {f"{'.'.join(map(str, error.path))}: {error.message}"}
    except (kubernetes_validate.SchemaNotFoundError, TypeError, KeyError, ValueError):
        pass  # of somebody else's kind, or no object
    return set()


def _read(data: bytes, suffix: str) -> list:
    return [json.loads(data)] if suffix == ".json" else list(yaml.load_all(data, yaml.CSafeLoader))
