"""Which gateway a plan reports to, and whether a token may go there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.regions import LOCAL, gateway_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sidecar.regions import Gateway, Region
    from sidecar.spec import GatewayWish


def hosts_of(regions: Mapping[str, Region]) -> frozenset[str]:
    """Return the hosts that a token may go to without being asked: those of the catalogue, but the stand-in's."""
    rows = [region for region in regions.values() if region.id != LOCAL]
    return frozenset(host.casefold() for row in rows for host in (row.public, row.vpc) if host)


def choose(wish: GatewayWish, region: Region, known: Collection[str]) -> Gateway:
    """Return the gateway of a wish. Raises SidecarError where it leads nowhere, or a token where it must not go."""
    if wish.host:
        gateway = replace(_any_gateway(region), host=wish.host, network=wish.network)
        _check_host(wish, region, known)
    else:
        gateway = gateway_of(region, wish.network)
    if region.id == LOCAL and wish.tls:
        raise SidecarError(
            "gateway.tls", "the stand-in speaks no TLS", "Leave it out, or name another region"
        )
    return replace(gateway, port=wish.port or gateway.port)


def _any_gateway(region: Region) -> Gateway:
    return gateway_of(region, "public" if region.public else "vpc")


def _check_host(wish: GatewayWish, region: Region, known: Collection[str]) -> None:
    host = wish.host or ""
    if region.id == LOCAL:
        raise SidecarError(
            "gateway.host",
            "the region local has the stand-in's",
            "Leave it out, or name another region",
        )
    own = {one.casefold() for one in (region.public, region.vpc) if one}
    allowed = {*known, *own, *(one.casefold() for one in wish.allow)}
    if host.casefold() not in allowed:
        cause = f"{host!r} is not in the catalogue, and a token would go there"
        fix = f'If that is meant, add it to the spec: gateway: {{allow: ["{host}"]}}'
        raise SidecarError("gateway.host", cause, fix)
