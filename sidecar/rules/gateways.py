"""What is wrong with the gateway that an agent reports to."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GRPC_PORT = 1883
"""Where a region's gateway, and the stand-in, accept Jaeger's gRPC."""
STAND_IN_PAGE_PORT = 16686
"""Of the stand-in: traces and counts, as Jaeger's query service has them."""

NO_GATEWAY = Rule(
    "agent-without-gateway",
    Severity.WARNING,
    "The agent names no gateway, or names it by a variable without a default.",
    "The agent has nowhere to send spans.",
    "Set --reporter.grpc.host-port; --region names that of the kit's own agents",
    "image: jaegertracing/jaeger-agent:1.62.0 without --reporter.grpc.host-port",
)
UNKNOWN_GATEWAY = Rule(
    "unknown-gateway",
    Severity.WARNING,
    "The agent's gateway is not in the catalogue of regions.",
    "Spans to a mistyped host are lost, and another host may receive the token.",
    "`sidecar regions` lists the catalogue's hosts",
    "--reporter.grpc.host-port=tracing-analysis-dc-xx.aliyuncs.com:1883",
)
GATEWAY_PORT = Rule(
    "gateway-port",
    Severity.WARNING,
    "The agent reports to another port than the gateway's.",
    "The gateway accepts Jaeger's gRPC on one port; on others spans are lost.",
    "Use the port of the catalogue",
    "--reporter.grpc.host-port=tracing-analysis-dc-sz.aliyuncs.com:14250",
)
VPC_GATEWAY = Rule(
    "vpc-gateway",
    Severity.WARNING,
    "The gateway's host answers only inside the region's VPC.",
    "From elsewhere no span arrives. Where the agents will run cannot be seen from here.",
    "Run the agents there, or use the public network",
    "gateway: {network: vpc}",
)
DOUBTFUL_REGION = Rule(
    "doubtful-region",
    Severity.WARNING,
    "The sources about a region's host disagree.",
    "The host may not exist.",
    "Ask the vendor, or use the public network",
    "region: us-west-1 with gateway: {network: vpc}",
)


def address(text: str | None, variables: Iterable[str] = ()) -> Problem | None:
    """Judge the address that an agent reports to; `variables` of it have no default."""
    names = ", ".join(f"${name}" for name in variables)
    if names:
        return NO_GATEWAY.problem(f"its gateway is {text}, and {names} has no default")
    return None if text else NO_GATEWAY.problem("names no gateway: spans end in this agent")


def may_be(name: str, known: Sequence[str]) -> bool:
    """Tell whether a host is one of the catalogue's, which are `known`, or a mistyped one."""
    return bool(_near(name, known))


def _near(name: str, known: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=0.8)


def host(name: str, known: Sequence[str]) -> Problem | None:
    """Judge whether a gateway's host is one of the catalogue's, which are `known`."""
    if name in known:
        return None
    near = _near(name, known)
    fix = f"Did you mean {near[0]}?" if near else None
    return UNKNOWN_GATEWAY.problem(f"its gateway {name} is not in the catalogue", fix)


def port(given: str, host: str, expected: int) -> Problem | None:
    """Judge the port of a region's gateway that an agent reports to; empty where it names none."""
    if given == str(expected):
        return None
    cause = f"reports to port {given or '(none)'}; the gateway accepts gRPC on {expected}"
    return GATEWAY_PORT.problem(cause, f"Use {host}:{expected}")


def network(name: str, host: str, region: str) -> Problem | None:
    """Judge the network, public or vpc, of a region's gateway."""
    if name != "vpc":
        return None
    return VPC_GATEWAY.problem(f"{host} answers only inside the VPC of {region}")


def doubt(region: str, doubtful: str) -> Problem | None:
    """Judge what the catalogue finds doubtful about a region's host; empty: nothing."""
    return DOUBTFUL_REGION.problem(f"{region}: {doubtful}") if doubtful else None
