"""What must hold between fields of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import agent
from sidecar.spec.records import Volume
from sidecar.spec.values import BROKEN, Report, Value, below

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.spec.records import Publish

_PARAMS: dict[str, tuple[float, float, str]] = {
    "const": (0, 1, "0 (no trace) or 1 (every trace)"),
    "probabilistic": (0, 1, "a share from 0 to 1"),
    "remote": (0, 1, "a share from 0 to 1, which holds until the agent tells another"),
    "ratelimiting": (0, 1e9, "traces per second"),
}
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def needs_port(values: Mapping[str, Value], report: Report, path: str) -> None:
    """Report what reaches a service over the network and has no port to reach."""
    if "port" in values:
        return
    if "publish" in values:
        report.fail(
            values["publish"].place, below(path, "publish"), "has no port to lead to", "Give port"
        )
    health = _read(values, "health")
    if health and "http" in health.data:
        report.fail(
            health.data["http"].place, below(path, "health.http"), "has no port to ask", "Give port"
        )


def fits_sampler(values: Mapping[str, Value], report: Report, path: str) -> None:
    """Report a sampler's parameter that its type does not take."""
    kind, param = values["type"].data if "type" in values else "const", _read(values, "param")
    if kind is BROKEN:
        return
    low, high, meaning = _PARAMS[kind]
    if param and not (low <= param.data <= high and (kind != "const" or param.data in (0, 1))):
        report.fail(
            param.place,
            below(path, "param"),
            f"{param.data} is nothing that {kind} takes",
            f"Give {meaning}",
        )


def own_targets(values: tuple[Value, ...], report: Report, path: str) -> None:
    """Report a second volume at one place."""
    taken: set[str] = set()
    for index, one in enumerate(values):
        target = _target(one)
        if target in taken:
            report.fail(
                one.place,
                f"{path}[{index}]",
                f"{target} is taken",
                "Mount each volume at a place of its own",
            )
        taken |= {target} - {""}


def own_names(services: tuple[Value, ...], report: Report, path: str) -> None:
    """Report a name that another service, or the agent of one, has."""
    taken: set[str] = set()
    for index, one in enumerate(services):
        name = _of(one, "name")
        if name is None:
            continue
        both = {name.data, name.data + agent.SUFFIX}
        if taken & both:
            cause = f"{min(taken & both)!r} is taken"
            report.fail(one.place, f"{path}[{index}].name", cause, "Give each service its own name")
        taken |= both


def own_ports(services: tuple[Value, ...], report: Report, path: str) -> None:
    """Report a port of the host that is published twice; replicas take as many as they are."""
    taken: list[tuple[str, int]] = []
    for index, one in enumerate(services):
        value, replicas = _of(one, "publish"), _of(one, "replicas")
        if value is None:
            continue
        publish: Publish = value.data
        ports = publish.ports(replicas.data if replicas else 1)
        place = f"{path}[{index}].publish"
        if ports[-1] > 65535:
            report.fail(
                value.place,
                place,
                f"{len(ports)} replicas take ports up to {ports[-1]}",
                "Begin lower",
            )
        clash = [port for host, port in taken if port in ports and _meet(host, publish.host)]
        if clash:
            report.fail(
                value.place, place, f"{min(clash)} is taken", "Give each service its own port"
            )
        taken += [(publish.host, port) for port in ports]


def _meet(first: str, second: str) -> bool:
    return first == second or first in _EVERYWHERE or second in _EVERYWHERE


def _of(service: Value, key: str) -> Value | None:
    return _read(service.data, key) if isinstance(service.data, dict) else None


def _read(values: Mapping[str, Value], key: str) -> Value | None:
    value = values.get(key)
    return value if value and value.data is not BROKEN else None


def _target(value: Value) -> str:
    if isinstance(value.data, dict):
        target = _of(value, "target")
        return str(target.data) if target else ""
    volume: Volume | object = value.data
    return volume.target if isinstance(volume, Volume) else ""
