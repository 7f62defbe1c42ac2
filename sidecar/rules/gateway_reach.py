"""Whether an agent would reach its gateway, as seen from the agent's place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import agent_logs, exporters
from sidecar.rules.agents import STOCK_BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence


def _error(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


def _warning(rule: str, summary: str, why: str, fix: str, example: str) -> Rule:
    return Rule(rule, Severity.WARNING, summary, why, fix, example)


_NONE_ARRIVES = "No span arrives."
SLOWEST_CLOCK = 30.0
"""Seconds that two clocks may differ."""

OTHER_REGION = _error(
    "gateway-of-another-region",
    "The agent's gateway is a host of another region than the deployment's.",
    "A token is valid in its region only: the gateway refuses every span.",
    "Use the host of the region, or name the other region",
    "region: cn-shanghai with the gateway tracing-analysis-dc-hz.aliyuncs.com",
)
VPC_OUT_OF_REACH = _error(
    "vpc-gateway-out-of-reach",
    "The VPC host of a region does not answer from the place of the agent.",
    "It answers only inside the region's VPC; elsewhere no span arrives.",
    "Run the agents in that VPC, or use --network public",
    "--network vpc on a machine outside the VPC",
)
SPEAKS_TLS = _error(
    "gateway-speaks-tls",
    "The gateway's port speaks TLS, and the agent plain text.",
    _NONE_ARRIVES,
    "Set `gateway: {tls: true}` in the spec, and render again",
    "gateway: {port: 443} without tls",
)
SPEAKS_PLAIN = _error(
    "gateway-speaks-plain-text",
    "The gateway's port speaks plain HTTP/2, and the agent TLS.",
    _NONE_ARRIVES,
    "Remove `tls: true` from the spec's gateway, and render again",
    "gateway: {tls: true} for the port 1883",
)
SPEAKS_HTTP1 = _error(
    "gateway-speaks-http1",
    "What answers at the gateway's port speaks HTTP/1, and the agent HTTP/2.",
    "A proxy or another web server is in the way. No span arrives.",
    "Check host and port; let the agent bypass the proxy (NO_PROXY, or a firewall rule)",
    "gateway: {port: 80}",
)
NOT_GRPC = _error(
    "gateway-speaks-no-grpc",
    "What answers at the gateway's port is not a gRPC server.",
    _NONE_ARRIVES,
    "Check host and port: a gateway takes Jaeger's gRPC on 1883",
    "gateway: {port: 22}",
)
PROXY = _warning(
    "proxy-in-the-way",
    "A proxy variable where the agent runs applies to the gateway.",
    "gRPC obeys it: spans go to the proxy, which often speaks HTTP/1 only.",
    "Add the gateway's host to NO_PROXY there",
    "HTTPS_PROXY=http://proxy:3128 in the environment of an agent",
)
ROUND_TRIP = _warning(
    "round-trip-above-capacity",
    "The gateway is further away than the agent's workers are sized for.",
    "At full rate the agent's queue fills, and the agent drops packets.",
    "Set `capacity: {round_trip_ms: N}` in the spec, and render again",
    "capacity: {round_trip_ms: 50} with a gateway 200 ms away",
)
CLOCK = _warning(
    "clock-skewed",
    "The clock where the agent runs differs from the gateway's.",
    "Spans appear at the wrong time in the console, or outside the time that it shows.",
    "Synchronize the clock (chrony, systemd-timesyncd)",
    "a clock that is 10 minutes behind",
)
SMALL_BUFFER = _warning(
    "socket-buffer-capped",
    "The kernel gives the agent's socket a smaller buffer than its flag asks for.",
    "A burst overflows the buffer, and the kernel drops packets that the agent never counts.",
    "Run `sysctl -w net.core.rmem_max=4194304` on the host, and keep it in /etc/sysctl.d",
    "net.core.rmem_max = 212992",
)


def region(of_host: str, wanted: str) -> Problem | None:
    """Judge the region that the catalogue has for a gateway's host; empty: none."""
    if not of_host or of_host == wanted:
        return None
    cause = f"is a gateway of {of_host}, and the deployment is for {wanted}"
    return OTHER_REGION.problem(cause)


def resolved(error: str, network: str) -> Problem | None:
    """Judge why a gateway's name does not resolve; empty: it does."""
    if not error:
        return None
    if network == "vpc":
        return VPC_OUT_OF_REACH.problem(f"is a VPC host, and does not resolve here: {error}")
    return agent_logs.NAME_UNRESOLVED.problem(
        f"does not resolve: {error}",
        "Check the spelling, and the DNS server where the agent runs",
    )


def connected(error: str, network: str) -> Problem | None:
    """Judge why a connection to a gateway fails; empty: it succeeds."""
    if not error:
        return None
    if network == "vpc":
        return VPC_OUT_OF_REACH.problem(f"is of a VPC host, and does not answer here: {error}")
    if error == "refused":
        return agent_logs.CONNECTION_REFUSED.problem("refuses the connection")
    return agent_logs.UNREACHABLE.problem(f"is out of reach: {error}")


_SPOKEN = {
    "tls": (SPEAKS_TLS, "speaks TLS, and the agent is set to plain text"),
    "http1": (SPEAKS_HTTP1, "answers in HTTP/1: a proxy or a web server is in the way"),
    "silent": (exporters.SILENT, "accepts connections and says nothing"),
}


def protocol(spoken: str, *, tls: bool, tls_error: str = "") -> Problem | None:
    """Judge what a gateway's port speaks: http2 (in plain text), tls, http1, silent, other."""
    if tls:
        return _with_tls(spoken, tls_error)
    if spoken == "http2":
        return None
    rule, cause = _SPOKEN.get(spoken, (NOT_GRPC, f"does not speak HTTP/2: {spoken}"))
    return rule.problem(cause)


def _with_tls(spoken: str, error: str) -> Problem | None:
    if not error:
        return None
    if spoken == "http2":
        return SPEAKS_PLAIN.problem("speaks plain HTTP/2, and the agent is set to TLS")
    if spoken in ("http1", "silent"):
        rule, cause = _SPOKEN[spoken]
        return rule.problem(cause)
    return agent_logs.TLS_FAILED.problem(f"TLS fails: {error}")


def proxy(variables: Sequence[str]) -> Problem | None:
    """Judge the proxy variables that apply to the gateway in the agent's place."""
    return PROXY.problem(f"{', '.join(variables)} applies to it") if variables else None


class Calls(NamedTuple):
    """How many calls are under way at a time, and how many spans are in each."""

    number: int
    spans: int = STOCK_BATCH

    def ceiling(self, milliseconds: float) -> int:
        """Return the spans per second that they forward."""
        return math.floor(self.number * self.spans * 1000 / max(milliseconds, 0.1))

    def __str__(self) -> str:
        what = "workers" if self.spans == STOCK_BATCH else "calls at a time"
        return f"{self.number} {what}"


def proposed_round_trip(milliseconds: float) -> int:
    """Return the value for `capacity.round_trip_ms`: a call takes longer than a ping."""
    return max(10, 10 * math.ceil(milliseconds * 1.5 / 10))


def round_trip(milliseconds: float, calls: Calls, spans_per_second: int) -> Problem | None:
    """Judge the measured round trip for an agent's calls and the rate that it must carry."""
    most = calls.ceiling(milliseconds)
    if most >= spans_per_second:
        return None
    proposal = proposed_round_trip(milliseconds)
    cause = (
        f"a round trip takes {milliseconds:.0f} ms: {calls} forward at most {most} "
        f"spans/s, {spans_per_second} are planned"
    )
    fix = f"Set `capacity: {{round_trip_ms: {proposal}}}` in the spec, and render again"
    return ROUND_TRIP.problem(cause, fix)


def clock(seconds: float) -> Problem | None:
    """Judge how far the clock is ahead of the gateway's."""
    if abs(seconds) <= SLOWEST_CLOCK:
        return None
    direction = "ahead of" if seconds > 0 else "behind"
    return CLOCK.problem(f"the clock is {abs(seconds):.0f} s {direction} the gateway's")


def socket_buffer(granted: int, wanted: int) -> Problem | None:
    """Judge the bytes that the kernel grants to the agent's socket."""
    if granted >= wanted:
        return None
    cause = f"the kernel grants {granted} of {wanted} bytes (net.core.rmem_max)"
    return SMALL_BUFFER.problem(cause)
