"""Constraints: what must hold between the fields of a spec."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.rules import agents, collectors
from sidecar.rules.clients import sampler_parameter
from sidecar.rules.specs import CONFLICTING_VALUES, INVALID_VALUE
from sidecar.spec.records import AGENT_SUFFIX, COLLECTOR, JAEGER_AGENT
from sidecar.spec.service_records import HIGHEST_PORT, Volume
from sidecar.spec.sources import BROKEN, ErrorList, Value, below, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.spec.scalars import Schema
    from sidecar.spec.service_records import Publish

_OF_COLLECTORS = ("buffer", "disk", "collector")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def fits_sampler(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report a sampler's parameter that its type does not take."""
    sampler = values["type"].data if "type" in values else "const"
    param = _readable(values, "param")
    if sampler is BROKEN or param is None:
        return
    if problem := sampler_parameter(sampler, param.data):
        errors.fail(param.place, below(path, "param"), problem)


def sampler_conditions() -> tuple[Schema, ...]:
    """Return the same as conditions of a JSON Schema."""
    shares = {"properties": {"type": {"enum": ["probabilistic", "remote"]}}, "required": ["type"]}
    return (
        {
            "if": {"properties": {"type": {"const": "const"}}},
            "then": {"properties": {"param": {"enum": [0, 1]}}},
        },
        {"if": shares, "then": {"properties": {"param": {"maximum": 1}}}},
    )


def fits_kind(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report a version that the agent's kind does not have, and what only another kind has."""
    given = _readable(values, "kind")
    kind = given.data if given else JAEGER_AGENT
    judge = collectors.version if kind == COLLECTOR else agents.version
    version = _readable(values, "version")
    if version and (problem := judge(version.data)):
        joint = " " if problem.cause.startswith("is ") else ": "
        told = replace(problem, cause=f"{shown(version.data)}{joint}{problem.cause}")
        errors.fail(version.place, below(path, "version"), told)
    canary = _readable(values, "canary")
    if canary and kind == COLLECTOR:
        problem = CONFLICTING_VALUES.problem(
            f"is already the kind: {kind}", "Remove one of the two"
        )
        errors.fail(canary.place, below(path, "canary"), problem)
    has_collector = kind == COLLECTOR or canary
    for name in () if has_collector else _OF_COLLECTORS:
        if name in values:
            cause = f"is for a collector only, and the kind is {kind}"
            problem = CONFLICTING_VALUES.problem(cause, f"Set kind: {COLLECTOR}, or remove it")
            errors.fail(values[name].place, below(path, name), problem)


def kind_conditions() -> tuple[Schema, ...]:
    """Return the same as conditions; a kind that the file does not give, a variable may give."""
    agent = {"properties": {"kind": {"const": JAEGER_AGENT}, "canary": False}}
    collector = {"properties": {"kind": {"const": COLLECTOR}}}
    return (
        {
            "if": {**agent, "required": ["kind"]},
            "then": {"properties": dict.fromkeys(_OF_COLLECTORS, False)},
        },
        {
            "if": {**collector, "required": ["kind"]},
            "then": {"properties": {"canary": False}},
        },
    )


def own_targets(values: tuple[Value, ...], errors: ErrorList, path: str) -> None:
    """Report a second volume at one path of the container."""
    taken: set[str] = set()
    for index, volume in enumerate(values):
        target = _target(volume)
        if target in taken:
            cause = f"{target} is the target of another volume"
            problem = CONFLICTING_VALUES.problem(cause, "Mount each volume at a path of its own")
            errors.fail(volume.place, f"{path}[{index}]", problem)
        taken |= {target} - {""}


def own_port_names(values: Mapping[str, Value], errors: ErrorList, path: str) -> None:
    """Report a port that has two names: no Service in a cluster can have it twice."""
    port, named = _readable(values, "port"), _readable(values, "ports")
    taken = {port.data} if port else set()
    for name, value in (named.data if named else {}).items():
        if value.data in taken:
            problem = CONFLICTING_VALUES.problem(
                f"{value.data} is already a port of this service", "Give each port one name"
            )
            errors.fail(value.place, below(path, f"ports.{name}"), problem)
        taken |= {value.data} - {BROKEN}


def own_names(services: tuple[Value, ...], errors: ErrorList, path: str) -> None:
    """Report a name that another service, or the agent of another, has."""
    taken: set[str] = set()
    for index, service in enumerate(services):
        name = _field(service, "name")
        if name is None:
            continue
        both = {name.data, name.data + AGENT_SUFFIX}
        if taken & both:
            cause = f"{min(taken & both)!r} is already used"
            problem = CONFLICTING_VALUES.problem(cause, "Give each service its own name")
            errors.fail(service.place, f"{path}[{index}].name", problem)
        taken |= both


def own_ports(services: tuple[Value, ...], errors: ErrorList, path: str) -> None:
    """Report a port of the host that is published twice, for replicas or by two services."""
    taken: list[tuple[str, int]] = []
    for index, service in enumerate(services):
        value, replicas = _field(service, "publish"), _field(service, "replicas")
        if value is None:
            continue
        publish: Publish = value.data
        ports = publish.ports(replicas.data if replicas else 1)
        inner = f"{path}[{index}].publish"
        if ports[-1] > HIGHEST_PORT:
            cause = f"{len(ports)} replicas take ports up to {ports[-1]}"
            problem = INVALID_VALUE.problem(cause, "Begin at a lower port")
            errors.fail(value.place, inner, problem)
        clash = [port for host, port in taken if port in ports and _meet(host, publish.host)]
        if clash:
            cause = f"{min(clash)} is already published"
            problem = CONFLICTING_VALUES.problem(cause, "Give each service its own port")
            errors.fail(value.place, inner, problem)
        taken += [(publish.host, port) for port in ports]


def _meet(first: str, second: str) -> bool:
    return first == second or first in _EVERYWHERE or second in _EVERYWHERE


def _field(section: Value, key: str) -> Value | None:
    return _readable(section.data, key) if isinstance(section.data, dict) else None


def _readable(values: Mapping[str, Value], key: str) -> Value | None:
    value = values.get(key)
    return value if value and value.data is not BROKEN else None


def _target(value: Value) -> str:
    if isinstance(value.data, dict):
        target = _field(value, "target")
        return str(target.data) if target else ""
    volume: Volume | object = value.data
    return volume.target if isinstance(volume, Volume) else ""
