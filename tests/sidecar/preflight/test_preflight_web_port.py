"""What a gateway's web port answers to the token, over real TLS."""

from __future__ import annotations

import gateway_servers as servers
import pytest

from sidecar.plan.agents import config_text
from sidecar.preflight.records import AgentFacts, Candidate
from sidecar.preflight.web_port import check_answer
from sidecar.regions import Region
from sidecar.stand_in.sockets import Address

TOKEN = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate of localhost."""
    return servers.make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def ask(tmp_path):
    """Ask a port of this host, which the catalogue lists, with a token."""
    file = tmp_path / "agent.yaml"
    file.write_text(config_text(TOKEN, "agent.tags"))

    def call(port, host="localhost", token_file=file):
        known = Region("xx-test-1", "Test", "localhost", None, {"https": port})
        agent = AgentFacts(Address(host, 1883), False, 64, 0)
        regions = {known.id: known}
        candidate = Candidate("process", known.id, agent, token_file=token_file, regions=regions)
        (result,) = check_answer(candidate)
        assert TOKEN not in str(result)
        return result

    return call


@pytest.mark.parametrize(
    ("status", "judged"),
    [
        (200, ("ok", "answers 200 to the token")),
        (400, ("ok", "answers 400 (the format is wrong) to the token")),
        (403, ("warning", "answers 403 (the endpoint or the token is wrong) to the token")),
        (405, ("warning", "answers 405 (the quota is used up) to the token")),
        (406, ("warning", "answers 406 (the collection of spans is switched off) to the token")),
        (302, ("skipped", "which says nothing about the token")),
        (404, ("skipped", "which says nothing about the token")),
    ],
)
def test_the_vendors_answers_are_decoded(ask, certificate, monkeypatch, status, judged):
    """The token goes in the documented path, with no spans; redirects are not followed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with servers.secure_web_server(status, certificate) as (port, asked):
        result = ask(port)

    assert judged[0] == result.severity
    assert judged[1] in result.cause
    assert [f"POST /adapt_{TOKEN}/api/otlp/traces"] == asked


def test_a_certificate_that_is_not_trusted_gets_no_token(ask, certificate):
    """The handshake fails before anything is sent."""
    with servers.secure_web_server(200, certificate) as (port, asked):
        result = ask(port)

    assert "skipped" == result.severity
    assert [] == asked


def test_a_host_outside_the_catalogue_gets_no_token(ask):
    """Nothing is sent to it."""
    result = ask(1, host="gateway.example.com")

    assert ("skipped", "a token is sent to hosts of the catalogue only") == (
        result.severity,
        result.cause,
    )


def test_a_port_without_tls_gets_no_token(ask):
    """Plain text would show it."""
    with servers.web_server() as port:
        assert "skipped" == ask(port).severity


def test_a_silent_port_is_given_up(ask):
    """Within seconds."""
    with servers.raw_server(servers.silent) as port:
        assert "no answer in time" in ask(port).cause


def test_without_a_token_nothing_is_asked(ask, tmp_path):
    """See the check of the file."""
    assert "skipped" == ask(1, token_file=tmp_path / "none").severity
