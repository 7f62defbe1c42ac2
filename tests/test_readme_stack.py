"""README's second section, "Start from what you have", followed without an engine or a cluster.

tests/e2e/compose/test_readme_stack.py follows it with an engine.
"""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from copies import ROOT
from fake_kubectl import put_on_path
from pages import blocks, section, session

SECTION = section("Start from what you have")
STACK, MANIFESTS = map(session, blocks("console", SECTION))
TOKEN = "shop7@0a1b2c3d4e5f6a7b8c9d_shop7@5e6f7a8b9c0d1e2f"
WORKLOADS = """\
# ours, by hand
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders}
spec:
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
      - name: orders      # the only one
        image: registry.example.com/orders:1.4.2
"""


@pytest.fixture
def follow(run, tmp_path, monkeypatch):
    """Return a function that runs a command of the kit as it is written, in one folder."""
    monkeypatch.chdir(tmp_path)

    def call(line):
        program, *words = line.split()
        monkeypatch.setenv("TRACING_TOKEN", TOKEN)  # each command takes it out of its environment
        done = run(*words)
        assert ("sidecar", 0) == (program, done.code), done.err
        assert TOKEN not in done.out + done.err
        return done.out

    return call


@pytest.fixture
def stack(tmp_path):
    """Copy the stack with the agent whose findings README shows."""
    shutil.copy(ROOT / "tests/golden/hand-made/docker-compose.yml", tmp_path)
    return tmp_path


def test_the_commands_that_need_no_engine_are_followed(follow, stack):
    """An overlay and a token, and then nothing but the token; the user's file is never written."""
    before = (stack / "docker-compose.yml").read_bytes()
    needs_none = ("sidecar inject", "sidecar token")
    inject, token, *rest = (line for line in STACK if line.startswith(needs_none))
    printed = follow(inject)
    follow(token)
    written = sorted(str(path.relative_to(stack)) for path in stack.rglob("*.y*ml"))
    for line in rest:
        follow(line)

    assert ["docker-compose.tracing.yml", "docker-compose.yml", "secrets/agent.yaml"] == written
    assert [] == [line for line in STACK[1:4] if f"\n  {line}" not in printed]
    assert before == (stack / "docker-compose.yml").read_bytes()
    assert not (stack / "docker-compose.tracing.yml").exists()


def test_the_findings_are_those_that_validate_prints(follow, stack):
    """The sentence names the command; each line is the beginning of one that it prints."""
    (command,) = (word for word in SECTION.split("`") if word.startswith("sidecar validate"))
    printed = follow(command).splitlines()
    shown = blocks("text", SECTION)[0].splitlines()

    assert shown
    assert [] == [
        line for line in shown if not any(each.startswith(line.rstrip("… ")) for each in printed)
    ]


def test_the_commands_for_manifests_are_followed(follow, tmp_path, monkeypatch):
    """A Secret, manifests whose agents read it, and the original bytes again."""
    kubectl = put_on_path(tmp_path, monkeypatch)
    kubectl.answer("apply")
    kubectl.answer("get", out={"items": []})
    (tmp_path / "manifests").mkdir()
    file = tmp_path / "manifests/orders.yaml"
    file.write_text(WORKLOADS)
    token, inject, uninject = MANIFESTS
    follow(token)
    follow(inject)
    (workload,) = yaml.safe_load_all(file.read_text())
    follow(uninject)

    pod = workload["spec"]["template"]["spec"]
    assert ["orders"] == [each["name"] for each in pod["containers"]]
    assert ["jaeger-agent"] == [each["name"] for each in pod["initContainers"]]
    (secret,) = kubectl.read
    assert secret["metadata"]["name"] in json.dumps(pod["volumes"])
    assert WORKLOADS.encode() == file.read_bytes()
