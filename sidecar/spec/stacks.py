"""A spec with `compose`: what holds for services that exist, in Compose files of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules.specs import CONFLICTING_VALUES
from sidecar.spec.constraints import own_names
from sidecar.spec.field_types import NAME
from sidecar.spec.sections import exactly_one, neither
from sidecar.spec.sources import BROKEN, ErrorList, Value, below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.findings import Problem
    from sidecar.spec.scalars import Schema

IMAGE_OR_BUILD = ("image", "build")
OF_SERVICES = ("name", "sampling", "ignore")
"""What a spec says of a service that exists; all else is in its Compose file."""
NOT_OF_STACKS = {
    "name": "Set it in the Compose file, and remove it here",
    "watch": "Remove it: `sidecar verify --watch` watches the agents",
    "monitoring": "Remove it",
    "relay": "Remove it: relays are for the chart",
}
"""What a spec cannot say of a stack that exists → what to do."""
_NOT_OF_SERVICES = {
    "kind": "Remove it: `restart` in the Compose file tells a job from a service",
    "kubernetes": "Remove it: `sidecar inject` adds agents to manifests",
}
"""The same of a service that exists, where its Compose file cannot say it either."""


def fits_stack(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report what does not fit services that exist, or services of the kit's own project."""
    services = values.get("services")
    entries = services.data if services and services.data is not BROKEN else ()
    maps = [(index, each) for index, each in enumerate(entries) if isinstance(each.data, dict)]
    if "compose" not in values:
        own_names(entries, errors, below(path, "services"))
        for index, service in maps:
            _is_whole(service, errors, f"{below(path, 'services')}[{index}]")
        return
    for name, fix in NOT_OF_STACKS.items():
        if name in values and values[name].data not in (False, ""):
            errors.fail(values[name].place, below(path, name), _foreign("the stack", fix))
    for index, service in maps:
        for name, value in service.data.items():
            if name not in OF_SERVICES:
                inner = below(f"{below(path, 'services')}[{index}]", name)
                fix = _NOT_OF_SERVICES.get(name, NOT_OF_STACKS["name"])
                errors.fail(value.place, inner, _foreign("the service", fix))


def _foreign(whose: str, fix: str) -> Problem:
    cause = f"is not for an overlay: with `compose`, {whose} stays as its files say"
    return CONFLICTING_VALUES.problem(cause, fix)


def _is_whole(service: Value, errors: ErrorList, path: str) -> None:
    name = service.data.get("name")
    if name and isinstance(name.data, str) and (problem := NAME.problem(name.data)):
        errors.fail(name.place, below(path, "name"), problem)
    if not any(each in service.data for each in IMAGE_OR_BUILD):
        errors.fail(service.place, path, neither(IMAGE_OR_BUILD))


def conditions() -> Schema:
    """Return the same as a JSON Schema's condition."""
    unset = {"enum": [False]}
    own = {"allOf": [{"properties": {"name": NAME.schema()}}, exactly_one(IMAGE_OR_BUILD)]}
    return {
        "if": {"required": ["compose"]},
        "then": {
            "properties": {
                "name": False,
                "watch": unset,
                "monitoring": unset,
                "relay": False,
                "services": {"items": {"propertyNames": {"enum": list(OF_SERVICES)}}},
            }
        },
        "else": {"properties": {"services": {"items": own}}},
    }
