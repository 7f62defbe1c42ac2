"""The region catalogue: which gateway takes a region's spans."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

CATALOGUE = Path(__file__).with_name("regions.yaml")
USER_FILE_VARIABLE = "SIDECAR_REGIONS"
NETWORKS = ("public", "vpc")
_KEYS = {"id", "name", "public", "vpc", "ports", "doubtful", "source", "checked"}


@dataclass(frozen=True)
class Region:
    """One row of the catalogue."""

    id: str
    name: str
    public: str | None
    """Host that answers from anywhere."""
    vpc: str | None
    """Host that answers inside the same region's VPC only."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Protocol (jaeger-grpc, otlp-grpc, http, https) → port."""
    doubtful: str = ""
    """Why the row may be wrong; empty for a row that no source contradicts."""
    source: str = ""
    checked: str = ""
    """The day, ISO 8601, on which the source was read."""


@dataclass(frozen=True)
class Gateway:
    """Where an agent reports to."""

    host: str
    port: int
    network: str
    """public or vpc."""
    protocol: str = "jaeger-grpc"

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"


def load_regions(user_file: Path | None = None) -> dict[str, Region]:
    """Return id → Region of the catalogue under the user's file (argument, else $SIDECAR_REGIONS).

    Raises SidecarError that names the file and entry where one is wrong.
    """
    regions = _read(CATALOGUE, {})
    chosen = user_file or (Path(os.environ[USER_FILE_VARIABLE]) if os.environ.get(USER_FILE_VARIABLE) else None)
    return _read(chosen, regions) if chosen else regions


def find_region(regions: Mapping[str, Region], wanted: str) -> Region:
    """Return one region by id. Raises SidecarError with the nearest matches."""
    if wanted in regions:
        return regions[wanted]
    near = [region.id for region in search(regions, wanted)] or _nearest(regions, wanted)
    hint = f"Did you mean {' or '.join(near[:3])}?" if near else "`sidecar regions` lists them"
    raise SidecarError(f"region {wanted!r}", "is not in the catalogue", hint)


def search(regions: Mapping[str, Region], word: str) -> list[Region]:
    """Return the regions whose id, name or host holds the word, whatever its case."""
    needle = word.casefold()
    return [
        region
        for region in regions.values()
        if needle and any(needle in (text or "").casefold() for text in (region.id, region.name, region.public))
    ]


def gateway_of(region: Region, network: str) -> Gateway:
    """Return the gateway for a network (public or vpc). Raises SidecarError where the region has no such host."""
    if network not in NETWORKS:
        raise SidecarError(f"network {network!r}", "is not known", f"Use {' or '.join(NETWORKS)}")
    host = region.public if network == "public" else region.vpc
    if not host:
        other = "vpc" if network == "public" else "public"
        raise SidecarError(f"region {region.id}", f"has no {network} host", f"Use --network {other}")
    return Gateway(host, region.ports["jaeger-grpc"], network)


def _nearest(regions: Mapping[str, Region], wanted: str) -> list[str]:
    by_word: dict[str, str] = {}
    for region in regions.values():
        for word in (region.id, *region.id.split("-"), *region.name.casefold().replace("(", "").split()):
            by_word.setdefault(word.strip("),"), region.id)
    close = difflib.get_close_matches(wanted.casefold(), by_word, n=6, cutoff=0.6)
    return list(dict.fromkeys(by_word[word] for word in close))


def _read(path: Path, base: Mapping[str, Region]) -> dict[str, Region]:
    data = yamlio.load(yamlio.read_text(path), str(path))
    if not isinstance(data, dict) or not isinstance(data.get("regions"), list):
        raise SidecarError(str(path), "has no list `regions`", "Give regions: [{id: …, public: …}]")
    common = {key: data[key] for key in ("ports", "source", "checked") if key in data}
    regions = dict(base)
    for number, row in enumerate(data["regions"], 1):
        region = _merge(row, common, regions, f"{path}: regions entry {number}")
        regions[region.id] = region
    return regions


def _merge(row: Any, common: dict[str, Any], known: Mapping[str, Region], place: str) -> Region:  # noqa: ANN401
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise SidecarError(place, "has no `id`", "Give id: <region id>")
    if unknown := sorted(set(row) - _KEYS, key=str):
        raise SidecarError(place, f"has an unknown key {unknown[0]!r}", f"Known: {', '.join(sorted(_KEYS))}")
    values = {**common, **row}
    if "checked" in values:
        values["checked"] = str(values["checked"])
    _check_values(values, place)
    start = known.get(row["id"]) or Region(row["id"], row["id"], None, None)
    values["ports"] = {"jaeger-grpc": 1883, **start.ports, **values.get("ports", {})}
    return replace(start, **values)


def _check_values(values: Mapping[str, Any], place: str) -> None:
    for key in ("name", "public", "vpc", "doubtful", "source"):
        value = values.get(key)
        if value is not None and not isinstance(value, str):
            raise SidecarError(f"{place}: {key}", f"{value!r} is not text")
        if key in ("public", "vpc") and value and not _is_host(value):
            raise SidecarError(f"{place}: {key}", f"{value!r} is not a host name", "Leave scheme and port out")
    ports = values.get("ports", {})
    if not isinstance(ports, dict) or any(not _is_port(port) for port in ports.values()):
        raise SidecarError(f"{place}: ports", f"{ports!r} is not a map of protocol to port (1-65535)")


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _is_host(value: str) -> bool:
    labels = value.split(".")
    return len(value) < 254 and all(
        0 < len(label) < 64
        and label.isascii()
        and label.replace("-", "a").isalnum()
        and not label.startswith("-")
        and not label.endswith("-")
        for label in labels
    )
