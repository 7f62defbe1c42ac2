"""What is decided about the gateway: that of a region, or the stand-in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.plan.agents import CONFIG_FILE
from sidecar.plan.records import SERVICE_USER, ImagePlan, StandInPlan
from sidecar.plan.services import http_probe
from sidecar.regions import GRPC, HTTP, LOCAL, OTLP_GRPC, gateway_of
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.specs import HOST_NOT_ALLOWED, STAND_IN_CONFLICT
from sidecar.spec import AGENT_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sidecar.image_names import Image
    from sidecar.regions import Gateway, Region
    from sidecar.spec import GatewaySettings, Service

_OTHER_REGION = "Remove it, or name another region"


def plan_gateway(
    settings: GatewaySettings, region: Region, known: Collection[str], protocol: str = GRPC
) -> Gateway:
    """Return the gateway of a spec. Raises SidecarError if there is none, or a token must not go.

    `known` are the hosts of the catalogue.
    """
    if settings.host:
        network = "public" if region.public else "vpc"
        gateway = replace(
            gateway_of(region, network, protocol), host=settings.host, network=settings.network
        )
        _check_host(settings.host, settings, region, known)
    else:
        gateway = gateway_of(region, settings.network, protocol)
    if region.id == LOCAL and settings.tls:
        problem = STAND_IN_CONFLICT.problem("the stand-in does not support TLS", _OTHER_REGION)
        raise SidecarError.from_problem("gateway.tls", problem)
    if region.id == LOCAL and protocol == HTTP:
        return replace(gateway, port=STAND_IN_PAGE_PORT)
    return replace(gateway, port=settings.port or gateway.port)


def _check_host(
    host: str, settings: GatewaySettings, region: Region, known: Collection[str]
) -> None:
    if region.id == LOCAL:
        cause = f"the gateway of the region {LOCAL} is the stand-in"
        problem = STAND_IN_CONFLICT.problem(cause, _OTHER_REGION)
        raise SidecarError.from_problem("gateway.host", problem)
    allowed = {*known, *(name.casefold() for name in (*region.hosts, *settings.allow))}
    if host.casefold() not in allowed:
        cause = f"{host!r} is not in the catalogue, and a token would go there"
        fix = f'If you trust it, add it to the spec: gateway: {{allow: ["{host}"]}}'
        raise SidecarError.from_problem("gateway.host", HOST_NOT_ALLOWED.problem(cause, fix))


def check_names(services: Iterable[Service], gateway: Gateway) -> None:
    """Raise SidecarError for a service that takes the name or port of the stand-in."""
    for service in services:
        if gateway.host in (service.name, f"{service.name}{AGENT_SUFFIX}"):
            cause = "is the name of the stand-in gateway"
            problem = STAND_IN_CONFLICT.problem(cause, "Rename the service")
            raise SidecarError.from_problem(f"services.{service.name}.name", problem)
        if service.publish and STAND_IN_PAGE_PORT in service.publish.ports(service.count):
            cause = f"takes {STAND_IN_PAGE_PORT}, the port of the stand-in gateway's page"
            problem = STAND_IN_CONFLICT.problem(cause, "Choose another port")
            raise SidecarError.from_problem(f"services.{service.name}.publish", problem)


def plan_stand_in(gateway: Gateway, region: Region, image: Image) -> StandInPlan:
    """Return the plan of the stand-in, which runs at the address of a gateway."""
    port = region.ports[OTLP_GRPC] if gateway.protocol == HTTP else gateway.port
    return StandInPlan(
        name=gateway.host,
        image=ImagePlan(image.name, image.variable, image.role),
        argv=(
            "gateway",
            f"--grpc=0.0.0.0:{port}",
            f"--http=0.0.0.0:{STAND_IN_PAGE_PORT}",
            f"--token-file={CONFIG_FILE}",
        ),
        http_port=STAND_IN_PAGE_PORT,
        grpc_port=port,
        health=http_probe(STAND_IN_PAGE_PORT),
        user=SERVICE_USER,
    )
