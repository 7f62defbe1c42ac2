"""values.schema.json: closed, made from a table of keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.targets.helm.keys import MAPS
from sidecar.targets.helm.value_types import NAME, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidecar.targets.helm.records import Key


INCOMPLETE = "complete: where you upgrade with --reuse-values, use --reset-then-reuse-values"
"""Helm shows it as "value must be '…'", below the names of what is missing."""


def schema(
    keys: Sequence[Key], defaults: Mapping[str, Any], subcharts: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the JSON Schema of a chart's values; `defaults` are those in its values.yaml."""
    root = _object("Values of the chart")
    root["$schema"] = "http://json-schema.org/draft-07/schema#"
    for key in keys:
        section, known = root, defaults
        *parents, name = key.path.split(".")
        for parent in parents:
            section = section["properties"].setdefault(parent, _object(parent))
            known = known[parent]
        section["properties"][name] = _leaf(key, known[name])
    _require_all(root)
    root["if"] = _complete(root)
    root["else"] = {"const": INCOMPLETE}
    _accept_what_helm_adds(root, subcharts)
    # in addition to additionalProperties, because Helm then names the allowed keys; on deeper
    # levels it reports a wrong path for this one
    root["propertyNames"] = {"enum": list(root["properties"])}
    return root


def _accept_what_helm_adds(root: dict[str, Any], subcharts: Sequence[str]) -> None:
    """Accept the keys of a parent chart and of subcharts, which Helm merges into the values."""
    properties = root["properties"]
    properties["global"]["additionalProperties"] = True
    properties["enabled"] = {"type": "boolean", "description": "A parent chart's condition."}
    for name in subcharts:
        properties[name] = {
            "type": "object",
            "description": "The subchart's own defaults; not used.",
        }


def _require_all(schema: dict[str, Any]) -> None:
    """Require every key: the chart has each, and null would remove it."""
    if properties := schema.get("properties"):
        schema["required"] = list(properties)
        for inner in properties.values():
            if inner.get("additionalProperties") is False:
                _require_all(inner)


def _complete(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that says only what is required: values of an older chart lack new keys."""
    properties = schema["properties"].items()
    inner = {name: _complete(section) for name, section in properties if "required" in section}
    return {"required": schema["required"], **({"properties": inner} if inner else {})}


def as_json(data: Mapping[str, Any]) -> str:
    """Return the schema as text."""
    return json.dumps(data, indent=2) + "\n"


def _object(description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": {},
    }


def _leaf(key: Key, default: Any) -> dict[str, Any]:  # noqa: ANN401 - data of any shape
    of_key = _workloads(MAPS[key.path]) if key.path in MAPS else key.schema
    return {**of_key, "description": key.doc, "default": default}


def _workloads(keys: Sequence[Key]) -> dict[str, Any]:
    workload = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {key.path: _described(key) for key in keys},
        "required": [key.path for key in keys if key.is_required],
    }
    return named(NAME, workload)


def _described(key: Key) -> dict[str, Any]:
    """Return the schema of a workload's key; it accepts null, with which an overlay removes it."""
    described = {**key.schema, "description": key.doc}
    if key.is_required:
        return described
    types = described["type"]
    described["type"] = [*(types if isinstance(types, list) else [types]), "null"]
    if "enum" in described:
        described["enum"] = [*described["enum"], None]
    return described
