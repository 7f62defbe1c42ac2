"""The table of fields: it is what is read, what the schema says, and what docs/spec.md shows."""

from __future__ import annotations

import json
import re
from dataclasses import fields as attributes
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from sidecar.arguments import _spec
from sidecar.spec.fields import SPEC
from sidecar.spec.fields.agent import AGENT
from sidecar.spec.fields.build import BUILD
from sidecar.spec.fields.capacity import CAPACITY
from sidecar.spec.fields.gateway import GATEWAY
from sidecar.spec.fields.health import HEALTH
from sidecar.spec.fields.images import IMAGES
from sidecar.spec.fields.job import JOB
from sidecar.spec.fields.resources import RESOURCES
from sidecar.spec.fields.sampling import SAMPLING
from sidecar.spec.fields.service import SERVICE
from sidecar.spec.fields.volume import VOLUME
from sidecar.spec.load import load
from sidecar.spec.sections import Section
from sidecar.spec.table import markdown, spec_schema, variables, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.spec import Spec

ROOT = Path(__file__).resolve().parents[3]
RECORDS = (
    AGENT,
    BUILD,
    CAPACITY,
    GATEWAY,
    HEALTH,
    IMAGES,
    JOB,
    RESOURCES,
    SAMPLING,
    SERVICE,
    SPEC,
    VOLUME,
)
PAGE = (ROOT / "docs/spec.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.make.__name__)
def test_the_table_has_the_records_own_attributes(record: Section) -> None:
    """Each field has its attribute, and each attribute its field."""
    assert is_dataclass(record.make)
    assert {one.name for one in attributes(record.make)} == {
        one.attribute or one.name for one in record.fields
    }


def nested(path: str, value: object) -> dict[str, Any]:
    """Return a whole spec that gives one field."""
    data: Any = value
    for key in reversed(path.split(".")):
        data = {key.removesuffix("[]"): [data] if key.endswith("[]") else data}
    for service in data.get("services", []) if isinstance(data.get("services"), list) else []:
        service.setdefault("name", "web")
        if "job" in service:
            is_cron = "keep" not in service["job"]
            service["kind"] = "cron" if is_cron else "job"
            service["job"] |= {"schedule": "@daily"} if is_cron else {}
        if "kind" not in service:
            service["port"] = service.get("port", 1)
        if "build" not in service:
            service.setdefault("image", "web:1")
        if "build" in service:
            service["build"].setdefault("context", ".")
        if "health" in service and "command" not in service["health"]:
            service["health"].setdefault("http", "/")
        for volume in service.get("volumes", []):
            if isinstance(volume, dict):
                volume.setdefault("source", "a")
                volume.setdefault("target", "/b")
    return data


def given(column: str) -> list[Any]:
    rows = [
        (path, getattr(field, column))
        for path, field in walk()
        if getattr(field, column) is not None
    ]
    return [pytest.param(path, value, id=path) for path, value in rows]


@pytest.mark.parametrize(("path", "value"), given("default"))
def test_a_default_that_is_written_changes_nothing(
    spec_of: Callable[[str], Spec], path: str, value: object
) -> None:
    """The table's default is the record's."""
    with_it = nested(path, value)
    without = nested(path, value)
    _remove(without, path.split("."))

    assert spec_of(json.dumps(without)) == spec_of(json.dumps(with_it))


def _remove(data: Any, keys: list[str]) -> None:
    for key in keys[:-1]:
        data = data[key.removesuffix("[]")]
        data = data[0] if isinstance(data, list) else data
    del data[keys[-1]]


@pytest.mark.parametrize(("path", "value"), given("example"))
def test_an_example_is_read_and_is_valid_by_the_schema(
    spec_of: Callable[[str], Spec], path: str, value: object
) -> None:
    """What init and editors propose works."""
    data = nested(path, value)
    if path.endswith("sampling.param"):
        data["services"][0]["sampling"]["type"] = "probabilistic"
    if path in ("agent.buffer", "agent.disk", "agent.collector"):
        data["agent"]["kind"] = "collector"
    jsonschema.Draft202012Validator(spec_schema()).validate(data)

    assert spec_of(json.dumps(data))


def test_a_stack_that_is_read_is_valid_by_the_schema(spec_of: Callable[[str], Spec]) -> None:
    """Names are those of a Compose file; what is off may be said."""
    text = "{compose: [c.yml, ../d.yml], watch: false, services: [{name: A_1, ignore: []}]}"
    jsonschema.Draft202012Validator(spec_schema()).validate(yaml.safe_load(text))

    assert ("c.yml", "../d.yml") == spec_of(text).compose


def test_every_leaf_has_an_example_and_every_field_a_line() -> None:
    """One line of words, without a full stop; sections show their fields' examples."""
    for path, field in walk():
        section = isinstance(field.type, Section) or path == "services"
        assert section or field.example is not None, path
        assert field.doc, path
        assert field.doc.splitlines() == [field.doc.rstrip(".")], path


def test_the_schema_is_a_valid_one_and_closed() -> None:
    """Draft 2020-12; an unknown key is an error at every level."""
    schema = spec_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    def check(part: Any) -> None:
        if isinstance(part, dict):
            assert "properties" not in part or part["additionalProperties"] is False
            for child in part.values():
                check(child)

    conditions = ("if", "then", "else")  # they narrow what the rest allows
    check({key: part for key, part in schema.items() if key not in conditions})
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert {"title", "description", "default", "examples", "enum"} == schema["properties"][
        "gateway"
    ]["properties"]["network"].keys()


@pytest.mark.parametrize(
    "text",
    [
        "x: 1",
        "region: 1",
        "services: []",
        "services: [{name: a}]",
        "services: [{name: a, image: i, build: {context: .}}]",
        "services: [{name: A, image: i}]",
        "services: [{name: a, image: i, publish: 0}]",
        "services: [{name: a, image: i, environment: {A-B: c}}]",
        "gateway: {host: 'http://a'}",
        "gateway: {network: private}",
        "agent: {resources: {memory: 1.5g}}",
        "capacity: {round_trip_ms: 0}",
        "compose: []",
        "{compose: [c.yml], name: shop}",
        "{compose: [c.yml], watch: true}",
        "{compose: [c.yml], monitoring: true}",
        "{compose: [c.yml], services: [{name: a, image: i}]}",
        "{compose: [c.yml], services: [{name: a, replicas: 2}]}",
    ],
)
def test_what_the_schema_refuses_the_reader_refuses(
    error_of: Callable[[str], str], text: str
) -> None:
    """An editor never marks what the reader accepts."""
    errors = list(jsonschema.Draft202012Validator(spec_schema()).iter_errors(yaml.safe_load(text)))

    assert errors
    assert error_of(text)


def test_the_pages_examples_are_specs(tmp_path: Path) -> None:
    """docs/spec.md shows nothing that is refused; its overlay needs its base."""
    files = [tmp_path / f"{number}.yaml" for number in range(len(EXAMPLES))]
    for file, text in zip(files, EXAMPLES, strict=True):
        file.write_text(text, encoding="utf-8")
    (base,) = (file for file in files if file.read_text().startswith("# base.yaml"))
    (overlay,) = (file for file in files if file.read_text().startswith("# prod.yaml"))

    assert 10 == len(files)
    for file in set(files) - {overlay}:
        assert load([file]).spec.region == "cn-shanghai"
    orders, invoices = load([base, overlay]).spec.services or ()
    assert (3, None) == (orders.replicas, invoices.build)


def test_the_pages_table_is_the_tables() -> None:
    """`sidecar schema --output markdown` prints it."""
    assert markdown() in PAGE


def test_help_and_page_name_every_variable() -> None:
    """And no other but --regions' own."""
    named = set(re.findall(r"SIDECAR_[A-Z_]+", _spec._ENVIRONMENT))

    assert {*variables(), "SIDECAR_REGIONS"} == named
    assert set(variables()) <= set(re.findall(r"SIDECAR_[A-Z_]+", PAGE))
