"""The host that an agent reports to → the catalogue's region and network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sidecar.regions import LOCAL, NETWORKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.regions import Region


class FoundGateway(NamedTuple):
    """A gateway's address, and what the catalogue knows of its host."""

    host: str
    port: str
    """Empty: none is given."""
    region: Region | None = None
    """None: the host is not in the catalogue."""
    network: str = ""


def find_gateway(address: str, regions: Mapping[str, Region]) -> FoundGateway:
    """Look up HOST:PORT in the catalogue; of several addresses, the first.

    gRPC lets an address begin with how it is resolved, as `dns:///` does.
    """
    host, colon, port = address.split(",", maxsplit=1)[0].strip().rpartition(":")
    if not colon:
        host, port = port, ""
    host = host.rpartition("/")[2].casefold().rstrip(".")
    return FoundGateway(host, port, *hosts(regions).get(host, (None, "")))


def hosts(regions: Mapping[str, Region]) -> dict[str, tuple[Region, str]]:
    """Return the catalogue's hosts with region and network."""
    found = {}
    for region in regions.values():
        for network, host in zip(NETWORKS, (region.public, region.vpc), strict=True):
            if host and region.id != LOCAL:
                found[host] = (region, network)
    return found
