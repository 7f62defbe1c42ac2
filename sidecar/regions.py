"""The region catalogue: which gateway takes a region's spans."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "local"
"""The region of the stand-in gateway; listed last."""
CATALOGUE = Path(__file__).with_name("regions.yaml")
USER_FILE_VARIABLE = "SIDECAR_REGIONS"
NETWORKS = ("public", "vpc")
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""It becomes a folder's name and a Compose project's."""
_KEYS = ("id", "name", "public", "vpc", "ports", "doubtful", "source", "checked")
_COMMON = ("ports", "source", "checked")
_PROTOCOLS = ("jaeger-grpc", "otlp-grpc", "http", "https")


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
    variable = os.environ.get(USER_FILE_VARIABLE)
    chosen = user_file or (Path(variable) if variable else None)
    if chosen:
        regions = _read(chosen, regions)
    return dict(sorted(regions.items(), key=lambda item: item[0] == LOCAL))


def find_region(regions: Mapping[str, Region], wanted: str) -> Region:
    """Return one region by id. Raises SidecarError with the nearest matches."""
    if wanted in regions:
        return regions[wanted]
    near = [region.id for region in search(regions, wanted)] or _nearest(regions, wanted)
    hint = f"Did you mean {_either(near[:3])}?" if near else "`sidecar regions` lists them"
    raise SidecarError(f"region {wanted!r}", "is not in the catalogue", hint)


def search(regions: Mapping[str, Region], word: str) -> list[Region]:
    """Return the regions whose id, name or host holds the word, whatever its case."""
    needle = word.casefold()
    return [
        region
        for region in regions.values()
        if needle and any(needle in (text or "").casefold() for text in _words(region))
    ]


def gateway_of(region: Region, network: str) -> Gateway:
    """Return the gateway for a network (public or vpc). Raises SidecarError where the region has no such host."""
    if network not in NETWORKS:
        raise SidecarError(f"network {network!r}", "is not known", f"Use {' or '.join(NETWORKS)}")
    host = region.public if network == "public" else region.vpc
    if not host:
        other = "vpc" if network == "public" else "public"
        raise SidecarError(
            f"region {region.id}", f"has no {network} host", f"Use --network {other}"
        )
    return Gateway(host, region.ports["jaeger-grpc"], network)


def _words(region: Region) -> tuple[str | None, ...]:
    return region.id, region.name, region.public, region.vpc


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _nearest(regions: Mapping[str, Region], wanted: str) -> list[str]:
    by_word: dict[str, str] = {}
    for region in regions.values():
        for word in (
            region.id,
            *region.id.split("-"),
            *region.name.casefold().replace("(", "").split(),
        ):
            by_word.setdefault(word.strip("),"), region.id)
    close = difflib.get_close_matches(wanted.casefold(), by_word, n=6, cutoff=0.6)
    return list(dict.fromkeys(by_word[word] for word in close))


def _read(path: Path, base: Mapping[str, Region]) -> dict[str, Region]:
    node = yamlio.compose(yamlio.read_text(path), str(path))
    data = yamlio.construct(node, str(path))
    if not isinstance(data, dict) or not isinstance(data.get("regions"), list):
        raise SidecarError(str(path), "has no list `regions`", "Give regions: [{id: …, public: …}]")
    common = {
        "source": str(path),
        "checked": "",
        **{key: data[key] for key in _COMMON if key in data},
    }
    places = [f"{path}:{line}: regions[{index}]" for index, line in enumerate(_lines(node))]
    regions = dict(base)
    seen: set[str] = set()
    for place, row in zip(places, data["regions"], strict=True):
        region = _merge(row, common, regions, place)
        if region.id in seen:
            raise SidecarError(place, f"names {region.id!r} a second time", "Keep one entry")
        seen.add(region.id)
        regions[region.id] = region
    return regions


def _lines(root: Any) -> list[int]:  # noqa: ANN401 - a yaml node; yaml is not imported here
    rows = next(value for key, value in root.value if key.value == "regions")
    return [yamlio.line_of(row) for row in rows.value]


def _merge(row: Any, common: dict[str, Any], known: Mapping[str, Region], place: str) -> Region:  # noqa: ANN401
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise SidecarError(place, "has no `id`", "Give id: <region id>")
    if not _ID.fullmatch(row["id"]):
        raise SidecarError(
            f"{place}.id", f"{row['id']!r} is not a region id", "Use a-z, 0-9 and -, at most 63"
        )
    if row["id"] == LOCAL and LOCAL in known:
        raise SidecarError(
            f"{place}.id", "`local` is the stand-in gateway's own", "Give the region another id"
        )
    if unknown := [key for key in row if key not in _KEYS]:
        raise SidecarError(f"{place}.{unknown[0]}", "is not known", f"Known: {', '.join(_KEYS)}")
    # whoever overrides an entry answers for it: the catalogue's doubt and source are not about the new values
    values = {"doubtful": "", **common, **row}
    values["checked"] = str(values["checked"])
    _check_values(values, place)
    start = known.get(row["id"]) or Region(row["id"], row["id"], None, None)
    values["ports"] = {"jaeger-grpc": 1883, **start.ports, **values.get("ports", {})}
    region = replace(start, **values)
    if not (region.public or region.vpc):
        raise SidecarError(place, "has no host", "Give public: HOST, vpc: HOST or both")
    return region


def _check_values(values: Mapping[str, Any], place: str) -> None:
    for key in ("name", "doubtful", "source"):
        if not isinstance(values.get(key, ""), str):
            raise SidecarError(f"{place}.{key}", "is not text", "Put it in quotes")
    for key in ("public", "vpc"):
        host = values.get(key)
        if host is not None and not (isinstance(host, str) and _is_host(host)):
            raise SidecarError(f"{place}.{key}", "is not a host name", "Leave scheme and port out")
    ports = values.get("ports", {})
    if not isinstance(ports, dict) or any(
        name not in _PROTOCOLS or not _is_port(ports[name]) for name in ports
    ):
        raise SidecarError(
            f"{place}.ports",
            "is not a map of protocol to port (1-65535)",
            f"Protocols: {', '.join(_PROTOCOLS)}",
        )


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
