"""`sidecar token rotate` under traffic: nothing is lost, and an unproven token changes nothing.

The stand-in accepts the old token and the new one, as a vendor's gateway does while both are valid.
It reads them from files of its own, not from the one that the agents read.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
from contextlib import contextmanager

import docker
import pytest
import yaml
from compose_deployment import DeployedFolder, Traffic, deployed, local_copy, sidecar, wait_for

from sidecar.plan.agents import config_text
from sidecar.rules.recognition import LOCAL_TOKEN

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

NEW = "rotated@0123456789abcde_rotated@53df7ad2afe8301"
UNKNOWN = "unknown@0123456789abcde_unknown@53df7ad2afe8301"
AGENTS = ["backend-agent", "frontend-agent"]
LATE_SECONDS = 15
"""How late a span may be: after a refusal, a client waits until nothing refuses for three seconds.
"""


@pytest.fixture
def rotating(checkout, engine, compose, images, tmp_path):
    """The sample with agents that read secrets/agent.yaml; its gateway knows both tokens."""
    folder = tmp_path / "deployment"
    folder.mkdir()
    local_copy(checkout, folder)
    _expect_both(folder)
    with deployed(DeployedFolder(folder, engine, compose, images)) as deployment:
        deployment.set(SIDECAR_TOKEN_FILE=str(folder / "secrets" / "agent.yaml"))
        _set(folder, LOCAL_TOKEN)
        yield deployment.up()


def _expect_both(folder):
    (folder / "new.yaml").write_text(f"agent: {{tags: Authentication={NEW}}}\n")
    path = folder / "docker-compose.yml"
    data = yaml.safe_load(path.read_text())
    data["services"]["gateway"]["command"].append("--token-file=/run/secrets/new.yaml")
    data["services"]["gateway"]["secrets"].append({"source": "new", "target": "new.yaml"})
    data["secrets"]["new"] = {"file": "./new.yaml"}
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def _set(folder, token, *arguments, action="set"):
    source = folder / "token.txt"
    source.write_text(token)
    source.chmod(0o600)
    return sidecar("token", action, "--out", folder, "--file", source, *arguments)


@contextmanager
def _rotating(folder, token):
    """A rotation as a program of its own; its lines on standard error show how far it is."""
    source = folder / f"{token.partition('@')[0]}.txt"
    source.write_text(token)
    source.chmod(0o600)
    command = [sys.executable, "-m", "sidecar", "token", "rotate"]
    argv = [*command, "--out", str(folder), "--file", str(source)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, **pipes, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _texts(folder):
    """Return the files below a folder with their content."""
    return {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def _agents(deployment):
    found = deployment.engine.containers.of_project(deployment.project)
    return {one.identity: one.service for one in found if one.service in AGENTS}


def _networks(deployment, identity):
    found = deployment.engine.containers.inspect(identity)["NetworkSettings"]["Networks"]
    return sorted(name.removeprefix(f"{deployment.project}_") for name in found)


def _mounted(deployment):
    """Return what the agents have mounted as their token's file."""
    client = docker.from_env()
    archives = [
        client.containers.get(one).get_archive("/run/secrets/agent.yaml")[0]
        for one in _agents(deployment)
    ]
    return {_only_file(b"".join(archive)) for archive in archives}


def _only_file(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.extractfile("agent.yaml").read().decode()


def _incomplete(deployment, traffic):
    """Return the answered requests of which a span has not arrived."""
    traces = {one: deployment.trace(one, seconds=0) for one in traffic.answered}
    return [one for one, found in traces.items() if len((found or {"spans": ()})["spans"]) != 5]


def test_a_rotation_under_traffic_loses_nothing(rotating):
    """Every request is answered, every span of it arrives, and the agents have the new token."""
    before = _agents(rotating)
    with Traffic(rotating) as traffic:
        traffic.wait_for_more(50)
        done = _set(rotating.folder, NEW, action="rotate")
        traffic.wait_for_more(50)

    assert 0 == done.code, done.err
    assert NEW not in done.out + done.err
    after = _agents(rotating)
    assert (AGENTS, set()) == (sorted(after.values()), after.keys() & before.keys())
    assert {config_text(NEW, "agent.tags")} == _mounted(rotating)
    wait_for(
        lambda: rotating.trace(traffic.answered[-1], seconds=1),
        lambda found: found and len(found["spans"]) == 5,
    )
    late = wait_for(lambda: _incomplete(rotating, traffic), lambda left: not left, LATE_SECONDS)
    assert [] == late
    assert [] == traffic.failed
    assert 0 == rotating.verify().code


def test_a_token_that_the_gateway_refuses_is_not_rotated_to(rotating):
    """The file, the agents and their tokens stay; the message names the hop and no token."""
    folder = rotating.folder / "secrets"
    before, texts = _agents(rotating), _texts(folder)
    planned = _set(rotating.folder, UNKNOWN, "--dry-run", action="rotate")
    done = _set(rotating.folder, UNKNOWN, action="rotate")

    assert (0, 1) == (planned.code, done.code)
    assert f"would be replaced: {', '.join(AGENTS)}" in planned.out
    assert "agent submitted: 20 spans failed: the gateway refused the token" in done.err
    assert "The old token was restored. The old agents still run" in done.err
    assert UNKNOWN not in planned.out + planned.err + done.out + done.err
    assert (before, texts) == (_agents(rotating), _texts(folder))
    assert 0 == rotating.verify().code


def test_a_rotation_that_is_ended_leaves_nothing(rotating):
    """SIGTERM while the new agents start: the token's files and the agents are as before."""
    folder = rotating.folder / "secrets"
    before, texts = _agents(rotating), _texts(folder)
    with _rotating(rotating.folder, NEW) as process:
        wait_for(lambda: _agents(rotating), lambda found: len(found) > len(AGENTS), 120)
        process.send_signal(signal.SIGTERM)
        err = process.communicate(timeout=120)[1]

    assert 143 == process.returncode, err
    assert err.endswith(
        "sidecar: The old token was restored. The old agents still run\nsidecar: ended by SIGTERM\n"
    )
    assert (before, texts) == (_agents(rotating), _texts(folder))
    assert {"agent.yaml", "token"} == {path.name for path in texts}


def test_the_next_rotation_ends_what_a_killed_one_left(rotating):
    """Killed when the first old agent has left its network: then one agent of each remains."""
    before = _agents(rotating)
    with _rotating(rotating.folder, NEW) as process:
        wait_for(
            lambda: [one for one in before if _networks(rotating, one) == ["gateway"]], bool, 120
        )
        process.kill()
    left = _agents(rotating)
    done = _set(rotating.folder, NEW, action="rotate")

    assert (4, 0) == (len(left), done.code), done.err
    after = _agents(rotating)
    assert (AGENTS, set()) == (sorted(after.values()), after.keys() & (before.keys() | left.keys()))
    assert 0 == rotating.verify().code


def test_two_rotations_at_once_come_one_after_the_other(rotating):
    """Both succeed; file and agents have the token of the one that came last."""
    with _rotating(rotating.folder, NEW) as first:
        first.stderr.readline()
        with _rotating(rotating.folder, LOCAL_TOKEN) as second:
            errors = [process.communicate(timeout=200)[1] for process in (second, first)]

    assert (0, 0) == (first.returncode, second.returncode), errors
    assert "waiting for another `sidecar token` to end" in errors[0]
    assert AGENTS == sorted(_agents(rotating).values())
    assert {config_text(LOCAL_TOKEN, "agent.tags")} == _mounted(rotating)
    assert (
        config_text(LOCAL_TOKEN, "agent.tags")
        == (rotating.folder / "secrets" / "agent.yaml").read_text()
    )
