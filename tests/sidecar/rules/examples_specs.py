"""A bad and a good spec for each rule about specs, regions and what they say together."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rule_examples import Example

from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.regions import find_region, load_regions, token_hosts
from sidecar.spec import AgentSettings, Spec, require_region
from sidecar.spec.load import load
from sidecar.spec.sources import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = "region: cn-shanghai\n"
SERVICE = "region: cn-shanghai\nservices: [{name: web, image: 'web:1.0', port: 80, %s}]\n"


def _plan(text: str) -> set[str]:
    """Return the ids of what is wrong with a spec."""

    def plan(path: Path) -> None:
        regions, spec = load_regions(), load([path]).spec
        region = find_region(regions, require_region(spec.region))
        make_plan(spec, region, known_hosts=token_hosts(regions))

    return _ids(plan, text)


def _collector_of(path: Path) -> None:
    """Plan a collector in a region of the user's whose ports the file holds."""
    ports = path.read_text()
    path.write_text(f"regions: [{{id: own, public: gw.example.com, ports: {ports}}}]\n")
    regions = load_regions(path)
    make_plan(
        Spec("own", agent=AgentSettings("collector")),
        regions["own"],
        known_hosts=token_hosts(regions),
    )


def _regions(text: str) -> set[str]:
    """Return the ids of what is wrong with a file of regions."""
    return _ids(load_regions, text)


def _ids(read: Callable[[Path], object], text: str) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.yaml")
        path.write_text(text, encoding="utf-8")
        return _raised(lambda: read(path))


def _raised(act: Callable[[], object]) -> set[str]:
    try:
        act()
    except SidecarError as error:
        errors = error.errors if isinstance(error, SpecError) else (error,)
        return {known.id for known in errors}
    return set()


def _spec(bad: str, good: str = GOOD) -> Example:
    return Example(lambda: _plan(bad), lambda: _plan(good))


EXAMPLES = {
    "unreadable-file": Example(
        lambda: _raised(lambda: load([Path("no.yaml")])), lambda: _plan(GOOD)
    ),
    "broken-yaml": _spec("region: 'cn-shanghai\n"),
    "not-a-spec": _spec("[cn-shanghai]\n"),
    "invalid-regions-file": Example(
        lambda: _regions("regions: [{id: shop, public: 'https://gw.example.com'}]\n"),
        lambda: _regions("regions: [{id: shop, public: gw.example.com}]\n"),
    ),
    "unknown-key": _spec("regoin: cn-shanghai\n"),
    "missing-key": _spec(
        "region: cn-shanghai\nservices: [{image: 'web:1.0'}]\n", SERVICE % "replicas: 1"
    ),
    "duplicate-key": _spec("region: cn-shanghai\nregion: cn-beijing\n"),
    "invalid-key": _spec("region: cn-shanghai\ngateway: {<<: {}}\n"),
    "invalid-value": _spec(SERVICE % "replicas: 0", SERVICE % "replicas: 2"),
    "unquoted-text": _spec(
        SERVICE % "environment: {DEBUG: no}", SERVICE % "environment: {DEBUG: 'no'}"
    ),
    "conflicting-values": _spec(SERVICE % "build: {context: .}", SERVICE % "replicas: 1"),
    "missing-region": _spec("capacity: {round_trip_ms: 100}\n"),
    "unknown-region": _spec("region: cn-shangai\n"),
    "network-without-host": _spec(
        "region: local\ngateway: {network: vpc}\n", "region: local\ngateway: {network: public}\n"
    ),
    "protocol-without-port": Example(
        lambda: _ids(_collector_of, "{jaeger-grpc: 1883}"),
        lambda: _ids(_collector_of, "{jaeger-grpc: 1883, otlp-grpc: 8090}"),
    ),
    "gateway-not-allowed": _spec(
        "region: cn-shanghai\ngateway: {host: gw.example.com}\n",
        "region: cn-shanghai\ngateway: {host: gw.example.com, allow: [gw.example.com]}\n",
    ),
    "stand-in-conflict": _spec(
        "region: local\ngateway: {tls: true}\n", "region: cn-shanghai\ngateway: {tls: true}\n"
    ),
}
