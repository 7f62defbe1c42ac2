"""The types of the chart's values, as JSON Schemas."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NAME = r"^[a-z0-9]([a-z0-9-]{0,55}[a-z0-9])?$"
"""A service, job or cron job, as in a spec; with the release's name at most 63 characters."""
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_.-]*$"

TEXT: Schema = {"type": "string"}
WORD: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
WATCH_SECONDS: Schema = {"type": "integer", "minimum": 30, "maximum": 86400}
WORDS: Schema = {"type": "array", "items": {"type": "string"}}
OBJECTS: Schema = {"type": "array", "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}
NAMED: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}},
    },
}
"""Kubernetes' own lists of named things: variables, volumes, mounts."""
LABEL: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"}
REGISTRY: Schema = {
    "type": "string",
    "pattern": r"^([A-Za-z0-9._-]+(:[0-9]+)?(/[A-Za-z0-9._-]+)*/?)?$",
}
CIDRS: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": r"^[0-9A-Fa-f.:]+/[0-9]{1,3}$"},
}
REVISION: Schema = {"type": ["string", "number"]}
OBJECT_NAME: Schema = {
    "type": "string",
    "pattern": r"^([a-z]([a-z0-9-]*[a-z0-9])?)?$",
    "maxLength": 53,
}
"""As long as a release's name may be."""


def named(pattern: str, value: Schema) -> Schema:
    """Return the schema of a map whose keys have a pattern.

    For `propertyNames`, Helm's message would report a wrong path.
    """
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
TEXTS: Schema = {"type": "object", "additionalProperties": _SCALAR}
ENVIRONMENT = named(VARIABLE, _SCALAR)
VERSION: Schema = {"type": "string", "pattern": r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$"}
HOST: Schema = {
    "type": "string",
    "pattern": r"^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.|$))*$",
    "maxLength": 253,
}
IMAGE: Schema = {"type": "string", "pattern": r"^[^\s]*$"}
SECRET: Schema = {
    "type": "string",
    "pattern": r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$",
    "maxLength": 253,
}
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$"
QUANTITY: Schema = {"type": "string", "pattern": r"^[0-9]+(k|Ki|M|Mi|G|Gi|T|Ti)?$"}
_QUANTITIES: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number"], "pattern": _QUANTITY, "minimum": 0},
}
RESOURCES: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"requests": _QUANTITIES, "limits": _QUANTITIES},
}


def positive(maximum: int, minimum: int = 1) -> Schema:
    """Return the schema of a whole number in a range."""
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def choice(*words: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(words)}


_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 3600}
_CHECK: Schema = {
    "path": {"type": ["string", "null"], "pattern": "^/"},
    "command": {"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1},
}
HEALTH: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **_CHECK,
        "intervalSeconds": _COUNT,
        "timeoutSeconds": _COUNT,
        "retries": _COUNT,
        "startSeconds": {**_COUNT, "minimum": 0},
        "ready": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": _CHECK,
        },
    },
}
_PORT_NAME: Schema = {"type": "string", "pattern": "^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$"}
EXTRA_PORTS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "port"],
        "properties": {
            "name": _PORT_NAME,
            "port": PORT,
            "protocol": {"type": "string", "enum": ["TCP", "UDP", "SCTP"]},
            "appProtocol": {"type": "string"},
        },
    },
}
AUTOSCALING: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["maxReplicas"],
    "properties": {
        "minReplicas": {"type": "integer", "minimum": 0, "maximum": 1000},
        "maxReplicas": {"type": "integer", "minimum": 1, "maximum": 1000},
        "metrics": OBJECTS,
        "behavior": OBJECT,
    },
}
"""The part of a HorizontalPodAutoscaler's spec that is not its target."""
_PODS: Schema = {
    "type": ["integer", "string", "null"],
    "minimum": 0,
    "pattern": "^(100|[0-9]{1,2})%$",
}
BUDGET: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "minAvailable": _PODS,
        "maxUnavailable": _PODS,
        "unhealthyPodEvictionPolicy": {
            "type": "string",
            "enum": ["IfHealthyBudget", "AlwaysAllow"],
        },
    },
}
_PEER: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["service"],
    "properties": {
        "service": {"type": "string", "pattern": NAME},
        "scheme": {"type": "string", "pattern": "^([a-z][a-z0-9+.-]*)?$"},
        "port": _PORT_NAME,
        "path": {"type": "string", "pattern": "^(/.*)?$"},
    },
}
PEERS = named(VARIABLE, _PEER)
