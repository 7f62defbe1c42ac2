"""The kinds of a service in the JSON Schema: it refuses what the reader refuses, and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.spec.load import load
from sidecar.spec.service_records import SERVICE_KINDS
from sidecar.spec.sources import SpecError
from sidecar.spec.table import spec_schema, walk

if TYPE_CHECKING:
    from pathlib import Path

START = "services[]."
SCHEMA = jsonschema.Draft202012Validator(spec_schema())
FIELDS = {
    path.removeprefix(START): field.example
    for path, field in walk()
    if path.startswith(START) and "[]" not in path.removeprefix(START)
    if field.example is not None and path.removeprefix(START) not in ("name", "kind", "build")
}
"""Each field of a service that has an example → the example."""
KINDS = (None, *SERVICE_KINDS)


def service(kind: str | None, names: Any) -> dict[str, Any]:
    """Return a spec of one service with some fields, and what those need of their own section."""
    entry: dict[str, Any] = {"name": "web"}
    for name in names:
        section, _, inner = name.rpartition(".")
        (entry.setdefault(section, {}) if section else entry)[inner] = FIELDS[name]
    if kind:
        entry["kind"] = kind
    if "build" in entry:
        entry["build"].setdefault("context", ".")
    else:
        entry["image"] = "web:1"
    if "health" in entry and not {"command", "http"} & entry["health"].keys():
        entry["health"]["command"] = ["true"]
    if "sampling" in entry:
        entry["sampling"]["type"] = "probabilistic"
    return {"services": [entry]}


def reads(folder: Path, spec: dict[str, Any]) -> bool:
    """Tell whether the reader takes a spec."""
    path = folder / "sidecar.yaml"
    path.write_text(json.dumps(spec))
    try:
        load([path])
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_alone_and_with_what_others_need(tmp_path, kind: str | None) -> None:
    """A port, or a schedule, can make the difference."""
    bases = ((), ("port",), ("job.schedule",))
    specs = [service(kind, (*base, name)) for base in bases for name in FIELDS]
    differ = [each for each in specs if reads(tmp_path, each) != SCHEMA.is_valid(each)]

    assert [] == differ


PARTS = ("*", "?", "0", "7", "07", "24", "60", "31", "32", "13", "SUN", "dec", "L", "1,2", "1,")
SPANS = ("1-5", "1-2-3", "*/2", "*/0", "5/15", "1-9/3", "1/2/3", "-1", "*-5", "5#3", "MON-FRI")


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("part", PARTS + SPANS)
def test_a_schedule_is_judged_alike(tmp_path, position: int, part: str) -> None:
    """In each of its five parts; only that a range is reversed no pattern can tell."""
    words = ["*"] * 5
    words[position] = part
    entry = {"name": "a", "image": "a:1", "kind": "cron", "job": {"schedule": " ".join(words)}}
    spec = {"services": [entry]}

    assert reads(tmp_path, spec) == SCHEMA.is_valid(spec)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(KINDS), st.sets(st.sampled_from(sorted(FIELDS)), max_size=6))
def test_any_fields_together(tmp_path, kind: str | None, names: set[str]) -> None:
    """In any number."""
    spec = service(kind, sorted(names))

    assert reads(tmp_path, spec) == SCHEMA.is_valid(spec)


def test_both_answers_are_among_those(tmp_path) -> None:
    """So that the comparison can fail either way."""
    answers = {
        (kind, reads(tmp_path, service(kind, (name,)))) for kind in SERVICE_KINDS for name in FIELDS
    }

    assert {("service", True), ("service", False), ("job", True), ("job", False)} <= answers


@pytest.mark.parametrize("kind", [None, "const", "probabilistic", "ratelimiting", "remote"])
@pytest.mark.parametrize("param", [None, 0, 1, 0.5, 2, 100])
def test_a_samplers_parameter_is_judged_alike(tmp_path, kind: str | None, param: Any) -> None:
    """By its type, and by the default where none is given."""
    given = {"type": kind, "param": param}
    sampling = {name: value for name, value in given.items() if value is not None}
    spec = {"services": [{"name": "a", "image": "a:1", "sampling": sampling}]}

    assert reads(tmp_path, spec) == SCHEMA.is_valid(spec)


@pytest.mark.parametrize("kind", ["jaeger-agent", "collector"])
@pytest.mark.parametrize("canary", [{}, {"canary": "collector"}])
@pytest.mark.parametrize("name", ["buffer", "disk", "collector", "tcp_retries"])
def test_what_is_for_a_collector_is_judged_alike(
    tmp_path, kind: str, canary: dict[str, str], name: str
) -> None:
    """It, and a canary, exclude what the other kind has."""
    example = dict(walk())[f"agent.{name}"].example
    spec = {"agent": {"kind": kind, **canary, name: example}}

    assert reads(tmp_path, spec) == SCHEMA.is_valid(spec)


@pytest.mark.parametrize("path", ["./a", "a b", "~/a", "a~", "${HOME}/a", "a$b", "a$ b", "a$"])
def test_a_path_is_judged_alike(tmp_path, path: str) -> None:
    """A variable or a home in it is a mistake in each."""
    entry = {"name": "a", "build": {"context": path, "dockerfile": path}, "env_files": [path]}
    spec = {"services": [entry]}

    assert reads(tmp_path, spec) == SCHEMA.is_valid(spec)
