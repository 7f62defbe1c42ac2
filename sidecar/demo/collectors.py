"""Collectors as plain processes: their program, and their configuration on loopback."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sidecar import programs, yamlio
from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.plan.collector_configuration import merged
from sidecar.regions import LOCAL, load_regions
from sidecar.rules.collectors import COMPONENTS, PROGRAMS
from sidecar.rules.recognition import TOKEN_TAG
from sidecar.spec import COLLECTOR, AgentSettings, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sidecar.plan import Plan

PROJECT = "sidecar-collector"
_SECONDS = 20.0
_FIX = (
    "Install otelcol-contrib from github.com/open-telemetry/opentelemetry-collector-releases, or"
    " start a container engine"
)


class Places(NamedTuple):
    """Where one collector listens, sends and keeps its queue."""

    packets: str
    """HOST:PORT of its service's packets."""
    metrics: int
    gateway: str
    token: Path | None
    """None: a forwarder adds it."""
    queue: Path


def spec() -> Spec:
    """Return the sample's spec with collectors."""
    return Spec(LOCAL, name=PROJECT, agent=replace(AgentSettings(), kind=COLLECTOR, version=""))


def plan_of(source: str | None = None) -> Plan:
    """Return the sample's plan with collectors; `source` leads from its rendering to the kit."""
    return make_plan(spec(), load_regions()[LOCAL], source)


def find_program() -> str:
    """Return the collector's program. Raises SidecarError where there is none that serves."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise SidecarError("demo", f"{PROGRAMS[0]} is not on PATH", _FIX)
    try:
        listed = programs.run((found, "components"), _SECONDS).stdout
    except OSError as error:
        raise SidecarError(found, f"cannot be run: {error}", _FIX) from error
    if missing := [part for part in COMPONENTS if part not in listed]:
        raise SidecarError(found, f"has no {' and no '.join(missing)}", _FIX)
    return found


def configuration(service: str, places: Places) -> str:
    """Return the configuration of a service's collector, as rendered but for its places."""
    (agent,) = (each.agent for each in plan_of().services if each.name == service)
    assert agent.collector is not None  # noqa: S101 - for the type checker
    return yamlio.block(placed(agent.collector.configuration, places))


def placed(rendered: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return a rendered configuration at other places; nobody else reaches its ports."""
    return merged(rendered, _over(places))


def _over(places: Places) -> dict[str, Any]:
    prometheus = {"host": "127.0.0.1", "port": places.metrics}
    readers = [{"pull": {"exporter": {"prometheus": prometheus}}}]
    folder, token = str(places.queue), f"${{file:{places.token}}}"
    any_port = {"endpoint": "127.0.0.1:0"}
    return {
        "receivers": {
            "jaeger": {"protocols": {"thrift_compact": {"endpoint": places.packets}}},
            "otlp": {"protocols": {"grpc": any_port, "http": any_port}},
        },
        "exporters": {
            "otlp_grpc": {
                "endpoint": places.gateway,
                **({"headers": {TOKEN_TAG: token}} if places.token else {}),
            }
        },
        "extensions": {
            "health_check": any_port,
            "file_storage": {"directory": folder, "compaction": {"directory": folder}},
        },
        "service": {"telemetry": {"metrics": {"readers": readers}}},
    }
