"""`sidecar verify --junit`: a test case per hop, for CI systems."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from sidecar.errors import SidecarError
from sidecar.verify.hops import Hop, Proof
from sidecar.watch.junit import as_xml

PROOF = Proof(
    "m",
    (
        Hop("client sent", "web", True, 20, 20),
        Hop(
            "agent submitted",
            "web",
            False,
            5,
            20,
            counts={"failed": 15},
            cause="15 spans failed: the gateway refused the token",
            fix="Run `sidecar token set`",
            id="token-refused",
        ),
        Hop("gateway accepted", "web", None, None, 20, cause="shows no counts"),
    ),
)


def parsed(outcome):
    """Return the suite of a file."""
    return ET.fromstring(as_xml(outcome)).find("testsuite")


def test_each_hop_is_a_test_case():
    """By service and hop; one that cannot be counted is skipped."""
    suite = parsed(PROOF)

    assert [("web", "client sent"), ("web", "agent submitted"), ("web", "gateway accepted")] == [
        (case.get("classname"), case.get("name")) for case in suite
    ]
    assert ["3", "1", "0", "1"] == [
        suite.get(name) for name in ("tests", "failures", "errors", "skipped")
    ]
    assert "shows no counts" == suite[2].find("skipped").get("message")


def test_a_failed_hop_has_its_id_cause_fix_and_counts():
    """So that the report of a pipeline is enough."""
    failure = parsed(PROOF)[1].find("failure")

    assert ("token-refused", "15 spans failed: the gateway refused the token") == (
        failure.get("type"),
        failure.get("message"),
    )
    assert "Run `sidecar token set`\n5 of 20 spans\n15 failed" == failure.text


def test_an_error_that_prevents_a_proof_is_a_test_case():
    """Otherwise a file of an earlier run would pass for this one's."""
    suite = parsed(SidecarError("engine", "does not answer", "Start Docker"))

    assert ["1", "0", "1"] == [suite.get(name) for name in ("tests", "failures", "errors")]
    assert "engine: does not answer" == suite[0].find("error").get("message")


def test_what_xml_cannot_hold_and_tokens_are_replaced():
    """A cause may quote another program's output."""
    cause = "a\x1b[0m\x00\ud800 b abc123@0123456789abcde_abc123@53df7ad2afe8301"
    suite = parsed(Proof("m", (Hop("client sent", "web", False, None, None, cause=cause),)))

    assert "a?[0m?? b ***" == suite[0].find("failure").get("message")


@pytest.mark.parametrize("flag", ["--junit", "--bundle"])
def test_a_folder_that_is_not_there_is_a_usage_error(run, tmp_path, flag):
    """Before the proof, which takes time."""
    done = run("verify", flag, tmp_path / "none" / "file")

    assert 2 == done.code
    assert f"{flag}: folder {tmp_path}/none does not exist. Create it" in done.err


def test_a_proof_that_cannot_be_made_is_in_both_files(run, tmp_path, monkeypatch):
    """No engine: exit 1, and whoever reads the files knows why."""
    (tmp_path / "docker-compose.yml").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    junit, bundle = tmp_path / "v.xml", tmp_path / "b.tar.gz"
    done = run("verify", "--out", tmp_path, "--junit", junit, "--bundle", bundle)

    assert 1 == done.code
    assert "no container engine answers there" in junit.read_text()
    assert bundle.is_file()
