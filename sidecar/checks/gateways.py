"""A gateway's host → the region and network of the catalogue that it belongs to."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.records import Text
    from sidecar.regions import Region


@dataclass(frozen=True)
class Found:
    """What the catalogue says of a host."""

    host: str
    port: str
    region: str = ""
    """Empty: not in the catalogue."""
    network: str = ""
    nearest: str = ""
    """The catalogue's host that is spelled most like it."""


def lookup(address: Text, regions: Mapping[str, Region]) -> Found:
    """Return what the catalogue knows of HOST:PORT; of several addresses the first counts."""
    host, _, port = address.text.split(",")[0].strip().rpartition(":")
    host = (host or port).casefold().rstrip(".")
    port = port if host != port else ""
    hosts = {
        name: (region.id, network)
        for region in regions.values()
        for network in ("public", "vpc")
        if (name := getattr(region, network)) and region.id != "local"
    }
    if host in hosts:
        return Found(host, port, *hosts[host])
    near = difflib.get_close_matches(host, hosts, n=1, cutoff=0.8)
    return Found(host, port, nearest=near[0] if near else "")
