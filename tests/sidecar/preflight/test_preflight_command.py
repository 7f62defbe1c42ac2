"""`sidecar verify --pre` as a command: what it reads, refuses and prints."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from fake_engine import VERSION, serve

from sidecar.cli import build_parser
from sidecar.plan.agents import config_text
from sidecar.preflight import report
from sidecar.preflight.records import (
    AgentFacts,
    Candidate,
    Outcome,
    broken,
    passed,
    skipped,
)
from sidecar.rules import gateway_reach, machines
from sidecar.stand_in.sockets import Address


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine with prepared answers."""
    fake, server = serve(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", fake.endpoint)
    yield fake
    server.shutdown()


@pytest.fixture
def outcome():
    """One result of each severity."""
    host = "tracing-analysis-dc-frankfurt.aliyuncs.com"
    agent = AgentFacts(Address(host, 1883), False, 64, 4_194_304)
    return Outcome(
        Candidate("compose", "eu-central-1", agent),
        (
            passed("engine", "unix:///var/run/docker.sock", "version 27.1.0, API 1.46"),
            broken("images", "shop/web:1", machines.image(present=False)),
            broken("gateway-name", host, gateway_reach.resolved("no such name", "public")),
            skipped("gateway-port", f"{host}:1883", "the gateway's name does not resolve"),
        ),
        3.1,
    )


def test_the_report_as_data(golden, outcome):
    """Category, check, severity, subject, cause, fix and the rule's id."""
    golden("preflight/report.json", report.as_json(outcome) + "\n")


@pytest.mark.parametrize("columns", [60, 140])
def test_the_report_as_text(golden, outcome, columns):
    """By category, with the verdict at the end."""
    golden(f"preflight/report-{columns}.txt", report.as_text(outcome, columns) + "\n")


def test_the_verdict_does_not_call_skipped_checks_ready(outcome):
    """Only what was checked is."""
    agent = outcome.candidate.agent
    fine = Outcome(Candidate("process", "local", agent), (passed("proxy", "h", "none"),))
    partly = Outcome(fine.candidate, (*fine.results, skipped("clock", "h", "no answer")))

    assert report.as_text(fine, 200).endswith(
        "ready for process, local (" + str(agent.gateway) + ")"
    )
    assert report.as_text(partly, 200).endswith("as far as could be checked: 1 not checked")


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--only", "engine"], "--only needs --pre"),
        (["--region", "cn-shanghai", "--wait"], "--region, --wait needs --pre"),
        (["--pre", "--only", "engin"], "names no check. Did you mean engine?"),
        (["--pre", "--wait", "soon"], "'soon' is not a time"),
        (["--pre", "--status"], "--pre sends no spans: --status needs a proof"),
        (["--pre", "--network", "vpc"], "--network: says nothing about what is rendered"),
        (["--pre", "--target", "process"], "has no rendered folder to read"),
        (["--pre"], "Give --region ID, --file sidecar.yaml or --out FOLDER"),
    ],
)
def test_wrong_usage_exits_2(run, tmp_path, monkeypatch, arguments, cause):
    """With the way out."""
    monkeypatch.chdir(tmp_path)
    done = run("verify", *arguments)

    assert 2 == done.code
    assert cause in done.err


def checks(done):
    """Return check → result of a report as JSON."""
    return {result["check"]: result for result in json.loads(done.out)["checks"]}


def test_a_region_without_an_engine_is_looked_at_from_this_host(run, tmp_path, monkeypatch):
    """The engine is an error; what needs it is skipped, and the place is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = run("verify", "--pre", "--region", "eu-central-1", "--output", "json")
    found = checks(done)

    assert 1 == done.code
    assert "engine-unusable" == found["engine"]["id"]
    assert "skipped" == found["disk"]["severity"] == found["images"]["severity"]
    assert ("skipped", "this host") == (
        found["agent-place"]["severity"],
        found["agent-place"]["subject"],
    )
    assert "missing-token-file" == found["token-file"]["id"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_output_shows_the_token(execute, tmp_path, monkeypatch, form):
    """Of a token in its file, in a copy that is reported, and in the log of --verbose."""
    token = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    folder = tmp_path / "build"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets" / "agent.yaml").write_text(config_text(token, "agent.tags"))
    (folder / "notes.txt").write_text(f"token: {token}\n")
    words = ("verify", "--pre", "--region", "eu-central-1", "--out", folder, "--verbose")
    done = execute(*words, "--only", "token", "--output", form)

    assert 1 == done.code
    assert "token-in-rendered-file" in done.out
    assert token not in done.out + done.err


def test_an_engine_that_hangs_does_not_hold_preflight(run, tmp_path, engine, monkeypatch):
    """It accepts connections and answers nothing: a result within the deadline."""
    monkeypatch.chdir(tmp_path)
    engine.answer("GET /version", VERSION, delay=20)
    monkeypatch.setattr("sidecar.preflight.run.SECONDS", 1.0)
    done = run("verify", "--pre", "--region", "cn-shanghai", "--only", "engine")

    assert 0 == done.code
    assert "did not end within" in done.out


def test_an_image_for_another_processor_is_an_error(run, tmp_path, engine, monkeypatch):
    """What the engine has is compared with what the engine runs on."""
    monkeypatch.chdir(tmp_path)
    engine.answer("GET /version", {**VERSION, "Arch": "amd64"})
    engine.answer("GET /info", {"DockerRootDir": "/var/lib/docker"})
    image = {"Id": "sha256:1", "Size": 1, "Architecture": "arm64", "Config": {}}
    engine.answer("GET /images/sidecar-kit/sample:0.1.0/json", image)
    done = run("verify", "--pre", "--region", "cn-shanghai", "--only", "images")

    assert 1 == done.code
    assert "is for arm64, and the engine runs amd64 [image-of-another-architecture]" in done.out
    assert "[image-not-present]" in done.out


def test_a_taken_port_is_an_error_with_its_holder(run, tmp_path, monkeypatch):
    """The spec's port, held by this very test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        spec = f"services: [{{name: web, image: shop/web:1, port: 80, publish: {port}}}]\n"
        (tmp_path / "sidecar.yaml").write_text(spec)
        done = run(
            *("verify", "--pre", "--region", "cn-shanghai", "--file", "sidecar.yaml"),
            *("--only", "host-ports"),
        )

    assert 1 == done.code
    assert f"web on 127.0.0.1:{port}: the port is in use by" in done.out


def test_the_commands_of_the_page_are_ones_the_kit_knows():
    """Every `$ sidecar …` of docs/preflight.md parses."""
    page = (Path(__file__).parents[3] / "docs" / "preflight.md").read_text("utf-8")
    lines = re.findall(r"^\$ sidecar (.+)$", page, re.MULTILINE)

    assert lines
    for line in lines:
        build_parser("verify").parse_args(line.split())
