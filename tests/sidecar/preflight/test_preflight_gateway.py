"""The look at a gateway from a place, against real servers of every kind."""

from __future__ import annotations

import time
from email.utils import formatdate

import gateway_servers as servers
import pytest

from sidecar.preflight import gateway
from sidecar.preflight.places import Host
from sidecar.preflight.records import AgentFacts, Candidate
from sidecar.regions import load_regions
from sidecar.stand_in.sockets import Address


def candidate(port, host="localhost", **changes):
    """Return a deployment whose agent reports to a port of this host."""
    tls = changes.pop("tls", False)
    agent = AgentFacts(Address(host, port), tls=tls, workers=64, buffer_bytes=4096)
    values = {"region": "cn-shanghai", "spans_per_second": 2000, **changes}
    return Candidate("process", agent=agent, regions=load_regions(), **values)


def look(*args, **changes):
    """Return check → (severity, id) of a look from this host."""
    results = gateway.look(candidate(*args, **changes), Host(), 20)
    return {result.check: (result.severity, result.id) for result in results}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate of localhost."""
    return servers.make_certificate(tmp_path_factory.mktemp("certificate"))


OK = ("ok", "")


def test_a_grpc_server_in_plain_text_passes():
    """Name, port, protocol and round trip are ok."""
    with servers.grpc_server() as port:
        found = look(port)

    checks = ("gateway-name", "gateway-port", "gateway-protocol", "round-trip", "socket-buffer")
    assert dict.fromkeys(checks, OK) == {check: found[check] for check in checks}


def test_the_round_trip_proposes_a_capacity():
    """The measured time, the ceiling of the workers, and the value for the spec."""
    with servers.grpc_server() as port:
        results = list(gateway.look(candidate(port), Host(), 20))
    (cause,) = [result.cause for result in results if result.check == "round-trip"]

    assert "64 workers forward up to" in cause
    assert "round_trip_ms: 10 is enough in the spec's capacity" in cause


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (servers.silent, "gateway-silent"),
        (servers.closing, "gateway-speaks-no-grpc"),
        (servers.ssh, "gateway-speaks-no-grpc"),
    ],
)
def test_a_port_that_is_no_gateway_is_named(answer, rule):
    """One that is silent, closes, or speaks something else."""
    with servers.raw_server(answer) as port:
        assert ("error", rule) == look(port)["gateway-protocol"]


def test_a_web_server_at_the_port_is_a_proxy_or_a_wrong_port():
    """HTTP/1 is named as such."""
    with servers.web_server() as port:
        assert ("error", "gateway-speaks-http1") == look(port)["gateway-protocol"]


def test_tls_where_the_agent_speaks_plain_text_is_named(certificate):
    """Whether the server alerts, or ends the connection without a word."""
    with servers.grpc_server(certificate) as port:
        assert ("error", "gateway-speaks-tls") == look(port)["gateway-protocol"]
    with servers.raw_server(servers.tls_of(certificate)) as port:
        assert ("error", "gateway-speaks-tls") == look(port)["gateway-protocol"]


def test_plain_text_where_the_agent_speaks_tls_is_named():
    """The other way round."""
    with servers.grpc_server() as port:
        found = look(port, tls=True)["gateway-protocol"]

    assert ("error", "gateway-speaks-plain-text") == found


def test_tls_passes_with_a_trusted_certificate_only(certificate, monkeypatch):
    """An unknown authority is named; a known one passes."""
    with servers.grpc_server(certificate) as port:
        unknown = look(port, tls=True)["gateway-protocol"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
        known = look(port, tls=True)["gateway-protocol"]

    assert (("error", "gateway-tls-failed"), OK) == (unknown, known)


def test_a_refused_connection_skips_what_needs_one():
    """The port is an error; protocol and round trip are skipped, not green."""
    with servers.raw_server(servers.silent) as port:
        pass
    found = look(port)

    assert ("error", "gateway-connection-refused") == found["gateway-port"]
    assert ("skipped", "") == found["gateway-protocol"] == found["round-trip"]


def test_a_name_that_does_not_resolve_is_named_within_seconds():
    """`.invalid` never resolves."""
    began = time.monotonic()
    found = look(1883, "gateway.invalid")

    assert ("error", "gateway-name-unresolved") == found["gateway-name"]
    assert ("skipped", "") == found["gateway-port"] == found["clock"]
    assert time.monotonic() - began < 8


def test_an_address_that_swallows_packets_is_named_within_seconds():
    """192.0.2.1 is reserved for documentation; some hosts have no route to it."""
    began = time.monotonic()
    found = look(1883, "192.0.2.1")

    assert "error" == found["gateway-port"][0]
    assert time.monotonic() - began < 8


def test_a_vpc_host_from_outside_is_named_as_such():
    """Unresolved or out of reach, the network is the cause."""
    found = look(1883, "gateway.invalid", network="vpc")

    assert ("error", "vpc-gateway-out-of-reach") == found["gateway-name"]


def test_a_proxy_variable_that_applies_is_named_without_its_value(monkeypatch):
    """It may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret-word@proxy:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    results = list(gateway.look(candidate(1883, "gateway.invalid"), Host(), 20))
    (proxy,) = [result for result in results if result.check == "proxy"]

    assert "proxy-in-the-way" == proxy.id
    assert "HTTPS_PROXY applies to it" in proxy.cause
    assert "secret-word" not in str(results)


def test_no_proxy_exempts_the_gateway(monkeypatch):
    """As the agent's own client reads it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "*")

    assert OK == look(1883, "gateway.invalid")["proxy"]


@pytest.mark.parametrize(
    ("date", "expected"), [("", OK), (formatdate(0, usegmt=True), ("warning", "clock-skewed"))]
)
def test_the_clock_is_judged_by_the_web_port(monkeypatch, date, expected):
    """Its Date header tells the gateway's time."""
    with servers.grpc_server() as port, servers.web_server(403, date) as web:
        monkeypatch.setattr(gateway, "_HTTP_PORT", web)
        assert expected == look(port)["clock"]


def test_a_web_port_without_an_answer_leaves_the_clock_unchecked(monkeypatch):
    """Skipped, with the reason."""
    with servers.grpc_server() as port, servers.raw_server(servers.closing) as web:
        monkeypatch.setattr(gateway, "_HTTP_PORT", web)
        assert ("skipped", "") == look(port)["clock"]


def test_a_buffer_above_the_kernels_limit_is_a_warning():
    """The kernel grants less than a flag of 2 GiB asks for."""
    agent = AgentFacts(Address("gateway.invalid", 1883), False, 64, 2**31 - 1)
    results = gateway.look(Candidate("process", "cn-shanghai", agent), Host(), 20)

    assert ["socket-buffer-capped"] == [
        result.id for result in results if result.check == "socket-buffer"
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("tracing-analysis-dc-sh.aliyuncs.com", OK),
        ("tracing-analysis-dc-hz.aliyuncs.com", ("error", "gateway-of-another-region")),
        ("tracing-analysis-dc-xx.aliyuncs.com", ("warning", "unknown-gateway")),
    ],
)
def test_the_host_is_judged_by_the_catalogue(host, expected):
    """Of the region, of another one, of none."""
    (result,) = gateway.check_region(candidate(1883, host))

    assert expected == (result.severity, result.id)


def test_a_forwarders_calls_carry_more_than_an_agents():
    """The text says how many calls; over HTTP/1.1 there is no HTTP/2 to look for."""
    with servers.grpc_server() as port:
        agent = AgentFacts(Address("localhost", port), False, 4, 4096, 1000, is_http2=False)
        found = Candidate("process", "cn-shanghai", agent, spans_per_second=2000)
        results = {each.check: each for each in gateway.look(found, Host(), 20)}

    assert "ok" == results["round-trip"].severity
    assert "4 calls at a time forward up to" in results["round-trip"].cause
    assert "skipped" == results["gateway-protocol"].severity
