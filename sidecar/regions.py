"""The region catalogue: which gateway takes a region's spans."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.rules.gateways import GRPC_PORT
from sidecar.rules.specs import (
    BROKEN_YAML,
    INVALID_REGIONS,
    NO_SUCH_HOST,
    NO_SUCH_PORT,
    UNKNOWN_REGION,
    UNREADABLE_FILE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "local"
"""The region of the stand-in gateway; listed last."""
CATALOGUE = Path(__file__).with_name("regions.yaml")
USER_FILE_VARIABLE = "SIDECAR_REGIONS"
NETWORKS = ("public", "vpc")
GRPC, OTLP_GRPC = "jaeger-grpc", "otlp-grpc"
"""What a jaeger-agent and a collector's forwarder speak to the gateway."""
HTTP, HTTPS = "http", "https"
"""What the forwarder speaks by `gateway.protocol: otlp-http`, without and with TLS."""
_PROTOCOLS = (GRPC, OTLP_GRPC, HTTP, HTTPS)
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""It becomes a folder's name and a Compose project's."""
_KEYS = ("id", "name", "chinese", "public", "vpc", "ports", "doubtful", "source", "checked")
_COMMON = ("ports", "source", "checked")


@dataclass(frozen=True)
class Region:
    """One row of the catalogue."""

    id: str
    name: str
    public: str | None
    """Host that answers from anywhere."""
    vpc: str | None
    """Host that answers only inside the VPC of the same region."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Protocol (jaeger-grpc, otlp-grpc, http, https) → port."""
    chinese: str = ""
    """Its name in Chinese, as the console shows it."""
    doubtful: str = ""
    """Why the row may be wrong; empty for a row that no source contradicts."""
    source: str = ""
    checked: str = ""
    """The day, ISO 8601, on which the source was read."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The region's hosts."""
        return tuple(filter(None, (self.public, self.vpc)))


@dataclass(frozen=True)
class Gateway:
    """Where an agent reports to."""

    host: str
    port: int
    network: str
    """public or vpc."""
    protocol: str = GRPC

    @property
    def address(self) -> str:
        """host:port."""
        return f"{self.host}:{self.port}"


# The catalogue --------------------------------------------------------------------------------


def load_regions(user_file: Path | None = None) -> dict[str, Region]:
    """Return id → Region of the catalogue under the user's file (argument, else $SIDECAR_REGIONS).

    Raises SidecarError that names the file and the wrong entry.
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
    fix = f"Did you mean {_either(near[:3])}?" if near else None
    problem = UNKNOWN_REGION.problem("is not in the catalogue", fix)
    raise SidecarError.from_problem(f"region {wanted!r}", problem)


def search(regions: Mapping[str, Region], word: str) -> list[Region]:
    """Return the regions whose id, name or host contains the word, in any case.

    Of a name in Chinese, only letters and digits count: its parentheses and blanks are written in
    several ways.
    """
    needle, letters = word.casefold(), "" if word.isascii() else _letters(word)
    return [
        region
        for region in regions.values()
        if (needle and needle in _words(region))
        or (letters and letters in _letters(region.chinese))
    ]


def gateway_of(region: Region, network: str, protocol: str = GRPC) -> Gateway:
    """Return the region's gateway on a network (public or vpc).

    Raises SidecarError if there is none, or it has no port for the protocol.
    """
    if network not in NETWORKS:
        raise SidecarError(f"network {network!r}", "is not known", f"Use {' or '.join(NETWORKS)}")
    host = region.public if network == "public" else region.vpc
    if not host:
        other = "vpc" if network == "public" else "public"
        problem = NO_SUCH_HOST.problem(f"has no {network} host", f"Use --network {other}")
        raise SidecarError.from_problem(f"region {region.id}", problem)
    if protocol not in region.ports:
        fix = f"Give regions: [{{id: {region.id}, ports: {{{protocol}: PORT}}}}] with --regions"
        problem = NO_SUCH_PORT.problem(f"has no port for {protocol}", fix)
        raise SidecarError.from_problem(f"region {region.id}", problem)
    return Gateway(host, region.ports[protocol], network, protocol)


def token_hosts(regions: Mapping[str, Region]) -> frozenset[str]:
    """Return the hosts that a token may go to without being allowed: the catalogue's.

    The stand-in's host is not among them: elsewhere its name can be anybody's.
    """
    rows = [region for region in regions.values() if region.id != LOCAL]
    return frozenset(host.casefold() for region in rows for host in region.hosts)


def _words(region: Region) -> str:
    return "\n".join((region.id, region.name, *region.hosts)).casefold()


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _nearest(regions: Mapping[str, Region], wanted: str) -> list[str]:
    by_word: dict[str, str] = {}
    for region in regions.values():
        name = region.name.casefold().replace("(", "").split()
        for word in (region.id, *region.id.split("-"), *name):
            by_word.setdefault(word.strip("),"), region.id)
    close = difflib.get_close_matches(wanted.casefold(), by_word, n=6, cutoff=0.6)
    return list(dict.fromkeys(by_word[word] for word in close))


# A file of regions ----------------------------------------------------------------------------


def _read(path: Path, base: Mapping[str, Region]) -> dict[str, Region]:
    node, data = _parsed(path)
    if not isinstance(data, dict) or not isinstance(data.get("regions"), list):
        raise _invalid(str(path), "has no list `regions`", "Give regions: [{id: …, public: …}]")
    common = {"source": str(path), "checked": ""}
    common.update((key, data[key]) for key in _COMMON if key in data)
    places = [f"{path}:{line}: regions[{index}]" for index, line in enumerate(_lines(node))]
    regions = dict(base)
    seen: set[str] = set()
    for place, row in zip(places, data["regions"], strict=True):
        region = _merge(row, common, regions, place)
        if region.id in seen:
            raise _invalid(place, f"names {region.id!r} a second time", "Keep one entry")
        seen.add(region.id)
        regions[region.id] = region
    return regions


def _parsed(path: Path) -> tuple[Any, Any]:
    """Return a file's YAML node, which yaml need not be imported for, and its data."""
    try:
        text = yamlio.read_text(path)
    except SidecarError as error:
        raise error.breaking(UNREADABLE_FILE) from error
    try:
        node = yamlio.compose(text, str(path))
        return node, yamlio.construct(node, str(path))
    except SidecarError as error:
        raise error.breaking(BROKEN_YAML) from error


def _invalid(place: str, cause: str, fix: str) -> SidecarError:
    return SidecarError.from_problem(place, INVALID_REGIONS.problem(cause, fix))


def _lines(root: Any) -> list[int]:  # noqa: ANN401 - as _parsed
    rows = next(value for key, value in root.value if key.value == "regions")
    return [yamlio.line_of(row) for row in rows.value]


def _merge(
    row: Any,  # noqa: ANN401 - as _parsed
    common: dict[str, Any],
    known: Mapping[str, Region],
    place: str,
) -> Region:
    _check_row(row, known, place)
    # whoever overrides an entry answers for it: the catalogue's doubt and source are not about
    # the new values
    values = {"doubtful": "", **common, **row}
    values["checked"] = str(values["checked"])
    _check_values(values, place)
    start = known.get(row["id"]) or Region(row["id"], row["id"], None, None)
    values["ports"] = {GRPC: GRPC_PORT, **start.ports, **values.get("ports", {})}
    region = replace(start, **values)
    if not region.hosts:
        raise _invalid(place, "has no host", "Give public: HOST, vpc: HOST or both")
    return region


def _check_row(row: Any, known: Mapping[str, Region], place: str) -> None:  # noqa: ANN401
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise _invalid(place, "has no `id`", "Give id: <region id>")
    name = row["id"]
    if not _ID.fullmatch(name):
        fix = "Use a-z, 0-9 and -, at most 63 characters"
        raise _invalid(f"{place}.id", f"{name!r} is not a region id", fix)
    if name == LOCAL and LOCAL in known:
        cause = f"`{LOCAL}` is the region of the stand-in gateway"
        raise _invalid(f"{place}.id", cause, "Give the region another id")
    if unknown := [key for key in row if key not in _KEYS]:
        fix = f"Known: {', '.join(_KEYS)}"
        raise _invalid(f"{place}.{unknown[0]}", "is not a known key", fix)


def _check_values(values: Mapping[str, Any], place: str) -> None:
    for key in ("name", "chinese", "doubtful", "source"):
        if not isinstance(values.get(key, ""), str):
            raise _invalid(f"{place}.{key}", "is not text", "Put it in quotes")
    for key in ("public", "vpc"):
        host = values.get(key)
        if host is not None and not (isinstance(host, str) and _is_host(host)):
            raise _invalid(f"{place}.{key}", "is not a host name", "Remove scheme and port")
    ports = values.get("ports", {})
    if not isinstance(ports, dict) or not all(
        name in _PROTOCOLS and _is_port(port) for name, port in ports.items()
    ):
        cause = "is not a map of protocol to port (1-65535)"
        raise _invalid(f"{place}.ports", cause, f"Protocols: {', '.join(_PROTOCOLS)}")


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _is_host(value: str) -> bool:
    return len(value) < 254 and all(_is_label(label) for label in value.split("."))


def _is_label(label: str) -> bool:
    if not 0 < len(label) < 64 or label.startswith("-") or label.endswith("-"):
        return False
    return label.isascii() and label.replace("-", "a").isalnum()
