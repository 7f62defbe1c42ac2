"""Checks of the gateway, the clock and the kernel, from the place where the agent will run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.checks.gateways import find_gateway, hosts
from sidecar.errors import SidecarError
from sidecar.preflight.places import ask
from sidecar.preflight.records import broken, judged, not_made, passed, skipped
from sidecar.rules import gateway_reach, vendor
from sidecar.rules import gateways as known

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.preflight.places import Place
    from sidecar.preflight.records import Candidate, Result

PROGRAM = "seen_from_place.py"
LOOK_SECONDS = 6.0
"""For the look itself; the rest of a check's time is for the place to start."""
_HTTP_PORT = 80

FROM_PLACE = (
    "agent-place",
    "gateway-name",
    "gateway-port",
    "gateway-protocol",
    "round-trip",
    "proxy",
    "clock",
    "socket-buffer",
)
"""What one look from the place of the agent answers."""


def check_region(candidate: Candidate) -> Iterator[Result]:
    """Judge the gateway's host by the catalogue of regions."""
    host, port = candidate.agent.gateway.host, str(candidate.agent.gateway.port)
    if candidate.is_local:
        yield passed("gateway-region", host, "is the stand-in of the deployment")
        return
    listed = find_gateway(f"{host}:{port}", candidate.regions)
    region = listed.region
    problem = gateway_reach.region(region.id if region else "", candidate.region)
    if problem is None:
        problem = known.host(host, list(hosts(candidate.regions)))
    fine = f"is the {listed.network} host of {candidate.region}"
    yield judged("gateway-region", host, problem, fine)


def look(candidate: Candidate, place: Place, seconds: float) -> Iterator[Result]:
    """Look at the gateway from the place, and judge all that was seen."""
    agent = candidate.agent
    request = {
        "host": agent.gateway.host,
        "port": agent.gateway.port,
        "tls": agent.tls,
        "http_port": known.STAND_IN_PAGE_PORT if candidate.is_local else _HTTP_PORT,
        "buffer": agent.buffer_bytes,
        "seconds": LOOK_SECONDS,
    }
    try:
        seen = ask(place, candidate.probe, PROGRAM, request, seconds)
    except SidecarError as error:
        cause = f"{error.subject}: {error.cause}"
        for check in FROM_PLACE[1:]:
            yield not_made(check, "the agent's place", cause, error)
        return
    yield from judge(candidate, seen)


def judge(candidate: Candidate, seen: Mapping[str, Any]) -> Iterator[Result]:
    """Judge what was seen of the gateway from a place."""
    agent = candidate.agent
    host, address = agent.gateway.host, str(agent.gateway)
    unnamed = gateway_reach.resolved(seen["name_error"], candidate.network)
    yield judged("gateway-name", host, unnamed, f"resolves to {', '.join(seen['addresses'])}")
    if unnamed:
        yield from _unseen("the gateway's name does not resolve", address)
    else:
        yield from _judge_port(candidate, seen)
        yield _clock(host, seen["web"])
    fine = "no proxy variable applies to it"
    yield judged("proxy", host, gateway_reach.proxy(seen["proxies"]), fine)
    small = gateway_reach.socket_buffer(seen["buffer"], agent.buffer_bytes)
    fine = f"the kernel grants {seen['buffer']} bytes"
    yield judged("socket-buffer", "net.core.rmem_max", small, fine)


def _unseen(cause: str, address: str) -> Iterator[Result]:
    for check in ("gateway-port", "gateway-protocol", "round-trip", "clock"):
        yield skipped(check, address, cause)


def _judge_port(candidate: Candidate, seen: Mapping[str, Any]) -> Iterator[Result]:
    address = str(candidate.agent.gateway)
    closed = gateway_reach.connected(seen["port_error"], candidate.network)
    yield judged("gateway-port", address, closed, "accepts connections")
    if closed:
        yield skipped("gateway-protocol", address, "there is no connection")
        yield skipped("round-trip", address, "there is no connection")
        return
    yield _protocol(candidate, seen)
    yield _round_trip(candidate, seen)


def _protocol(candidate: Candidate, seen: Mapping[str, Any]) -> Result:
    tls, address = candidate.agent.tls, str(candidate.agent.gateway)
    if not candidate.agent.is_http2:
        return skipped("gateway-protocol", address, "spans go over HTTP/1.1")
    speaks, tls_error = seen["speaks"], seen.get("tls_error", "")
    shook_hands = seen.get("tls_error") == "" or "certificate" in tls_error
    if not tls and speaks != "http2" and shook_hands:
        speaks = "tls"  # it ended the plain connection without a word
    if tls and not tls_error and seen["tls_speaks"] != "http2":
        problem = gateway_reach.protocol(seen["tls_speaks"], tls=False)
    else:
        problem = gateway_reach.protocol(speaks, tls=tls, tls_error=tls_error)
    fine = "speaks HTTP/2 over TLS" if tls else "speaks HTTP/2 in plain text"
    return judged("gateway-protocol", address, problem, fine)


def _round_trip(candidate: Candidate, seen: Mapping[str, Any]) -> Result:
    agent, address = candidate.agent, str(candidate.agent.gateway)
    milliseconds = 1000 * min(seen["round_trips"])
    calls = gateway_reach.Calls(agent.workers, agent.spans_per_call)
    if problem := gateway_reach.round_trip(milliseconds, calls, candidate.spans_per_second):
        return broken("round-trip", address, problem)
    proposal = gateway_reach.proposed_round_trip(milliseconds)
    cause = (
        f"{milliseconds:.1f} ms: {calls} forward up to {calls.ceiling(milliseconds)} spans/s; "
        f"round_trip_ms: {proposal} is enough in the spec's capacity"
    )
    return passed("round-trip", address, cause)


def _clock(host: str, web: Mapping[str, Any]) -> Result:
    if "error" in web:
        return skipped("clock", host, f"its web port tells no time: {web['error']}")
    ahead = float(web["ahead"])
    answer = vendor.vendor_answer(web["status"])
    fine = f"differs by {abs(ahead):.0f} s from the gateway's, whose web port answers {answer}"
    return judged("clock", host, gateway_reach.clock(ahead), fine)
