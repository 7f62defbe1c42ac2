"""What is wrong with the gateway that an agent reports to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_GATEWAY = Rule(
    "agent-without-gateway",
    Severity.WARNING,
    "The agent names no gateway, or one that only a variable without a default names.",
    "Spans end in the agent.",
    "Give the region with --region",
    "image: jaegertracing/jaeger-agent:1.62.0 without --reporter.grpc.host-port",
)
UNKNOWN_GATEWAY = Rule(
    "unknown-gateway",
    Severity.WARNING,
    "The agent's gateway is not in the catalogue of regions.",
    "A mistyped host takes no spans; another host may take the token.",
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


def no_gateway(address: str = "", variables: Iterable[str] = ()) -> Problem:
    """Return the problem of an agent without a gateway.

    `variables` are those of its address that have no default.
    """
    names = ", ".join(f"${name}" for name in variables)
    if names:
        return NO_GATEWAY.problem(f"its gateway is {address}, and {names} has no default")
    return NO_GATEWAY.problem("names no gateway: spans end in this agent")


def unknown_gateway(host: str, nearest: str = "") -> Problem:
    """Return the problem of a gateway that the catalogue does not have."""
    fix = f"Did you mean {nearest}?" if nearest else None
    return UNKNOWN_GATEWAY.problem(f"its gateway {host} is not in the catalogue", fix)


def gateway_port(host: str, port: str, expected: int) -> Problem | None:
    """Judge the port of a region's gateway that an agent reports to; empty where it names none."""
    if port == str(expected):
        return None
    cause = f"reports to port {port or '(none)'}; the gateway accepts gRPC on {expected}"
    return GATEWAY_PORT.problem(cause, f"Use {host}:{expected}")


def vpc_gateway(host: str, region: str, fix: str | None = None) -> Problem:
    """Return the problem of a gateway that a VPC alone reaches."""
    return VPC_GATEWAY.problem(f"{host} answers only inside the VPC of {region}", fix)


def doubtful_region(region: str, doubt: str) -> Problem:
    """Return the problem of a region about whose host the catalogue has a doubt."""
    return DOUBTFUL_REGION.problem(f"{region}: {doubt}")
