"""What holds for the kinds of a service: what each of them cannot have, and what it needs.

The reader and the JSON Schema both follow from the names below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules.specs import CONFLICTING_VALUES, MISSING_KEY
from sidecar.spec.service_records import CRON, JOB, SERVICE, SERVICE_KINDS, WORKER
from sidecar.spec.sources import BROKEN, ErrorList, Value, at, below

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.spec.scalars import Schema

OF_A_PORT = ("publish", "health.http", "health.ready")
"""What reaches a service over the network, so that it needs the service's port."""
SCALED = ("replicas", "kubernetes.autoscaling")
"""What decides how many run: one of them."""
_SCHEDULE = "job.schedule"
_OF_SERVERS = ("port", "ports", "publish")
_OF_CALLED = ("kubernetes.service", "kubernetes.ingressFrom")
_OF_ENDLESS = (
    *("replicas", "health", *_OF_CALLED),
    *(f"kubernetes.{name}" for name in ("autoscaling", "podDisruptionBudget", "strategy")),
)
"""What is for programs that keep running."""
_OF_CRONS = (
    _SCHEDULE,
    *(f"job.{name}" for name in ("time_zone", "concurrency", "starting_deadline", "history")),
)
EXCLUDED = {
    SERVICE: ("job",),
    WORKER: (*_OF_SERVERS, "health.http", "health.ready", *_OF_CALLED, "job"),
    JOB: (*_OF_SERVERS, *_OF_ENDLESS, *_OF_CRONS),
    CRON: (*_OF_SERVERS, *_OF_ENDLESS, "job.keep"),
}
"""Kind of a service → the fields that it cannot have."""


def fits_kind(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report what a service's kind cannot have, and what it lacks."""
    kind = values["kind"].data if "kind" in values else SERVICE
    if kind is BROKEN:
        return
    for name, found in _given(values, EXCLUDED[kind]):
        problem = CONFLICTING_VALUES.problem(f"is not for kind: {kind}", _fix(name, kind))
        errors.fail(found.place, below(path, name), problem)
    if kind == SERVICE and "port" not in values:
        for name, found in _given(values, OF_A_PORT):
            problem = MISSING_KEY.problem("needs the service's port", "Give port")
            errors.fail(found.place, below(path, name), problem)
    if len(scaled := _given(values, SCALED)) > 1:
        problem = CONFLICTING_VALUES.problem("an autoscaler decides how many", "Remove one of them")
        errors.fail(scaled[0][1].place, below(path, scaled[0][0]), problem)
    if kind == CRON and not at(values, _SCHEDULE):
        place = values["job" if "job" in values else "kind"].place
        problem = MISSING_KEY.problem("a cron has no schedule", 'Give one such as "30 4 * * *"')
        errors.fail(place, below(path, _SCHEDULE), problem)


def _fix(name: str, kind: str) -> str:
    if name == "job":
        return "Set kind: job or kind: cron, or remove it"
    if name.startswith("job."):
        return f"Set kind: {CRON if kind == JOB else JOB}, or remove it"
    return f"Set kind: {SERVICE}, or remove it"


def _given(values: Mapping[str, Value], names: Iterable[str]) -> list[tuple[str, Value]]:
    found = ((name, at(values, name)) for name in names)
    return [(name, value) for name, value in found if value]


def conditions() -> list[Schema]:
    """Return the same as conditions of a JSON Schema."""
    return [
        *({"if": _of_kind(kind), "then": _without(EXCLUDED[kind])} for kind in SERVICE_KINDS),
        {
            "if": {**_of_kind(SERVICE), "not": {"required": ["port"]}},
            "then": _without(OF_A_PORT),
        },
        {"not": {"allOf": [_with(name) for name in SCALED]}},
        {"if": _of_kind(CRON), "then": _with(_SCHEDULE)},
    ]


def _of_kind(kind: str) -> Schema:
    given = {} if kind == SERVICE else {"required": ["kind"]}
    return {"properties": {"kind": {"const": kind}}, **given}


def _with(name: str) -> Schema:
    first, _, rest = name.partition(".")
    return {"required": [first], **({"properties": {first: _with(rest)}} if rest else {})}


def _without(names: Iterable[str]) -> Schema:
    properties: Schema = {}
    for name in names:
        first, _, rest = name.partition(".")
        if rest:
            properties.setdefault(first, {"properties": {}})["properties"][rest] = False
        else:
            properties[first] = False
    return {"properties": properties}
