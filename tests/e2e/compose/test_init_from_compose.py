"""From a user's docker-compose.yml to a proven trace: init --from, render, up, verify."""

from __future__ import annotations

import secrets
import shutil

import pytest
import requests
import yaml
from compose_deployment import DeployedFolder, deployed, sidecar

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

FILES = "tests/sidecar/init/compose"
HOPS = ("client sent", "agent received", "agent submitted", "gateway accepted")
JOIN = "join.yml"
"""The file of docs/init.md: the rendered services join the network of the others' project."""


@pytest.fixture
def propose(checkout, engine, compose, images, tmp_path):
    """Take a case of init's tests to a deployment for `local`, not yet started."""

    def make(case, file):
        project, out = tmp_path / "project", tmp_path / "out"
        shutil.copytree(checkout / FILES / case, project)
        done = sidecar(
            "init", "--from", project / file, "--region", "local", "--out", project / "sidecar.yaml"
        )
        assert 0 == done.code, done.err
        done = sidecar("render", "--file", project / "sidecar.yaml", "--out", out)
        assert 0 == done.code, done.err
        deployment = DeployedFolder(out, engine, compose, images)
        deployment.set()
        return deployment

    return make


def assert_proven(deployment, services):
    """Each hop of each service has its marked spans."""
    hops, done = deployment.hops("--spans", "50")

    assert 0 == done.code, done.out
    assert [(service, hop) for service in services for hop in HOPS] == list(hops)
    assert {True} == {hop["ok"] for hop in hops.values()}


@pytest.mark.parametrize(
    ("case", "file"), [("greeter-argv", "docker-compose.yml"), ("greeter-anchors", "compose.yaml")]
)
def test_a_proposed_spec_runs_and_is_proven(propose, case, file):
    """Services with a hand-made agent get the kit's: verify is ok, a request is one trace."""
    with deployed(propose(case, file)) as deployment:
        deployment.up()
        assert_proven(deployment, ("backend", "frontend"))
        trace = deployment.trace(deployment.greet())

    assert {"frontend", "backend"} == {
        process["serviceName"] for process in trace["processes"].values()
    }


def test_a_service_reaches_what_stayed_behind(propose, compose, tmp_path):
    """With the file of docs/init.md a rendered service reaches one in the user's own project."""
    project = f"e2e-{secrets.token_hex(4)}"
    stays = ("--project-name", project)
    deployment = propose("greeter-neighbour", "docker-compose.yml")
    join = deployment.folder / JOIN
    join.write_text(
        yaml.safe_dump({"networks": {"services": {"name": f"{project}_default", "external": True}}})
    )
    compose.run(tmp_path / "project", *stays, "up", "--detach", "--pull=never", "backend")
    try:
        with deployed(deployment):
            deployment.run(
                "--file", str(join), "up", "--detach", "--wait", "--no-build", "--pull=never"
            )
            assert_proven(deployment, ("frontend",))
            answer = requests.get(
                f"{deployment.frontend}/greet", params={"name": "Ada"}, timeout=10
            )
    finally:
        compose.run(tmp_path / "project", *stays, "down", "--timeout=3")

    assert answer.ok
