"""values.schema.json: closed, made from a table of fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.targets.helm.fields import MAPS, NAME, REQUIRED, VARIABLE, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidecar.targets.helm.fields import Field

_COUNT = {"type": "integer", "minimum": 1, "maximum": 3600}
_HEALTH = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "path": {"type": ["string", "null"], "pattern": "^/"},
        "command": {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1},
        "intervalSeconds": _COUNT,
        "timeoutSeconds": _COUNT,
        "retries": _COUNT,
        "startSeconds": {**_COUNT, "minimum": 0},
    },
}
_PEER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["service"],
    "properties": {
        "service": {"type": "string", "pattern": NAME},
        "scheme": {"type": "string", "pattern": "^[a-z][a-z0-9+.-]*$"},
        "path": {"type": "string", "pattern": "^(/.*)?$"},
    },
}
_PODS = {
    "type": ["integer", "string", "null"],
    "minimum": 0,
    "pattern": "^(100|[0-9]{1,2})%$",
}
_BUDGET = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"minAvailable": _PODS, "maxUnavailable": _PODS},
}
_PEERS = named(VARIABLE, _PEER)
_REFINED: Mapping[str, Mapping[str, Any]] = {
    "health": _HEALTH,
    "peers": _PEERS,
    "podDisruptionBudget": _BUDGET,
}


def schema(
    fields: Sequence[Field], defaults: Mapping[str, Any], subcharts: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the JSON Schema of a chart's values; `defaults` are those in its values.yaml."""
    root = _object("Values of the chart")
    root["$schema"] = "http://json-schema.org/draft-07/schema#"
    for field in fields:
        section, known = root, defaults
        *parents, key = field.path.split(".")
        for parent in parents:
            section = section["properties"].setdefault(parent, _object(parent))
            known = known[parent]
        section["properties"][key] = _leaf(field, known[key])
    _require_all(root)
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


def _leaf(field: Field, default: Any) -> dict[str, Any]:  # noqa: ANN401 - data of any shape
    if field.path in MAPS:
        workloads = _workloads(MAPS[field.path], REQUIRED.get(field.path, []))
        return {**workloads, "description": field.doc, "default": default}
    return {**field.schema, "description": field.doc, "default": default}


def _workloads(fields: Sequence[Field], required: list[str]) -> dict[str, Any]:
    properties = {
        field.path: _described(field) if field.path in required else _clearable(field)
        for field in fields
    }
    workload = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
        "required": required,
    }
    return named(NAME, workload)


def _described(field: Field) -> dict[str, Any]:
    return {**(_REFINED.get(field.path) or field.schema), "description": field.doc}


def _clearable(field: Field) -> dict[str, Any]:
    """Return a schema that also accepts null, with which an overlay removes a default."""
    described = _described(field)
    types = described["type"]
    if not isinstance(types, list):
        types = [types]
    nullable = {**described, "type": [*types, "null"]}
    if "enum" in described:
        nullable["enum"] = [*described["enum"], None]
    return nullable
