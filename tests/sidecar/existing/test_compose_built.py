"""An agent or a backend may be built here, on its official image."""

import json
from pathlib import Path

import pytest

from sidecar.existing.compose.agents import find_agents
from sidecar.existing.compose.load import load_all

FILE = "services:\n  spans: {build: ./spans}\n  web: {image: 'web:1', depends_on: [spans]}\n"
TOKEN = "abcdefgh@0123456789abcde_abcdefgh@53df7ad2afe8301"
FLAG = "--reporter.grpc.host-port=tracing-analysis-dc-hz.aliyuncs.com:1883"
AGENT = f'FROM jaegertracing/jaeger-agent:1.31 AS base\nFROM base\nCMD ["{FLAG}"]\n'


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the stack with a Dockerfile, and returns its path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spans").mkdir()

    def call(dockerfile, text=FILE):
        (tmp_path / "spans" / "Dockerfile").write_text(dockerfile)
        (tmp_path / "compose.yaml").write_text(text)
        return Path("compose.yaml")

    return call


@pytest.mark.parametrize(
    ("dockerfile", "kind", "gateway"),
    [
        (AGENT, "agent", "spans/Dockerfile:3"),
        (f"FROM jaegertracing/jaeger-agent:1.31\n cmd {FLAG}\n", "agent", "spans/Dockerfile:2"),
        (AGENT + f"ENTRYPOINT [agent-linux]\nCMD {FLAG}", "agent", "spans/Dockerfile:5"),
        ("FROM docker.io/jaegertracing/all-in-one:1.57\n", "all-in-one", ""),
        ("FROM golang:1.23 AS build\nFROM jaegertracing/jaeger-agent\n", "agent", ""),
    ],
)
def test_it_is_what_its_last_stage_begins_with(write, dockerfile, kind, gateway):
    """With the flags of its last CMD, and their lines."""
    (agent,) = find_agents(load_all([write(dockerfile)]).services)

    assert (kind, gateway) == (agent.kind, agent.gateway.place if agent.gateway else "")


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM jaegertracing/jaeger-agent AS a\nFROM python:3\nCOPY --from=a /go /go\n",
        "",
        "FROM\n",
    ],
)
def test_what_only_copies_from_it_is_not(write, dockerfile):
    """Its own image decides."""
    file = load_all([write(dockerfile)])

    assert [] == find_agents(file.services)
    assert file.services["spans"].build


def test_its_own_command_wins(write):
    """As Compose's does."""
    text = FILE.replace("./spans}", "./spans, command: --reporter.grpc.host-port=other:1}")
    (agent,) = find_agents(load_all([write(AGENT, text)]).services)

    assert agent.gateway.text == "other:1"


def test_its_token_is_found_and_not_shown(run, write):
    """In the CMD, where everybody with the image reads it."""
    path = write(AGENT.replace(f'"{FLAG}"', f'"{FLAG}", "--agent.tags=Authentication={TOKEN}"'))
    done = run("inject", path, "--region", "cn-hangzhou", "--output", "json")
    report = json.loads(done.out)

    places = {each["id"]: each["place"] for each in report["findings"]}
    assert "spans/Dockerfile:3" == places["token-in-arguments"]
    assert ["spans"] == report["replaced"]
    assert TOKEN not in done.out + done.err
