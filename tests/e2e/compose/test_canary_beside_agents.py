"""A canary under Compose, by the commands of docs/migrate.md; `make stacks` runs it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from _require import only_stacks
from compose_deployment import DeployedFolder, UsersStack, deployed, sidecar

from sidecar.checkout import find_checkout

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

STACKS = Path(__file__).with_name("stacks")
UP = ("up", "--detach", "--no-build", "--pull=never", "--remove-orphans")
SPEC = "region: local\n"
REQUEST = "http://frontend:8080/greet"


@only_stacks
def test_a_canary_is_equal_until_its_collector_ends(engine, compose, collector_images, tmp_path):
    """Services stay as they are; both deliver the same; a collector that ended is named."""
    with deployed(DeployedFolder(tmp_path, engine, compose, collector_images)) as deployment:
        _render(tmp_path, SPEC)
        deployment.set()
        before = _services(deployment.up())
        _render(tmp_path, _specs_of_page()[0])
        deployment.up()

        hops, done = deployment.hops("--request", REQUEST, path_only=False)
        deployment.run("stop", "--timeout=1", "backend-canary")
        missing, failed = deployment.hops("--seconds=2", "--request", REQUEST, path_only=False)

        assert before == _services(deployment)
        agree = [(service, "canary agrees") for service in ("backend", "frontend")]
        assert (0, [True, True]) == (done.code, [hops[each]["ok"] for each in agree]), done.out
        assert all(hops[each]["figure"] >= 200 for each in agree)
        assert "http-code-name" in json.loads(done.out)["notes"][-1]
        assert (1, [False, True]) == (failed.code, [missing[each]["ok"] for each in agree])
        assert "canary-spans-missing" == missing[agree[0]]["id"]
        rotated = sidecar("token", "rotate", "--out", tmp_path, "--file", _token(tmp_path))
        assert (1, True) == (rotated.code, "canary-not-of-target" in rotated.err), rotated.err


@only_stacks
def test_a_stack_with_the_stock_client_is_equal(engine, compose, collector_images, tmp_path):
    """Its code and its own agent's name stay; removal takes all of the canary with it."""
    shutil.copy(STACKS / "shop.yml", tmp_path / "docker-compose.yml")
    spec = tmp_path / "canary.yaml"
    spec.write_text(_specs_of_page()[0])
    stack = UsersStack(tmp_path, engine, compose, collector_images)
    stack.set()
    try:
        stack.run(*UP)
        before = stack.state()
        done = sidecar("inject", tmp_path / "docker-compose.yml", "--file", spec, "--activate")
        assert 0 == done.code, done.err
        stack.run(*UP)
        stack.run("rm", "--stop", "--force", "jaeger-agent")
        stack.await_port("stock", 8000)
        hops, proof = stack.hops("--request", "stock=http://localhost:8000/", path_only=False)
        sidecar("inject", tmp_path / "docker-compose.yml", "--remove")
        stack.run(*UP)
        after = stack.state()
    finally:
        stack.down()

    assert 0 == proof.code, proof.out
    agrees = hops["stock", "canary agrees"]
    assert (True, True) == (agrees["ok"], agrees["figure"] > 200)
    assert before == after


def _render(folder, spec):
    (folder / "sidecar.yaml").write_text(spec)
    done = sidecar("render", "--file", folder / "sidecar.yaml", "--out", folder)
    assert 0 == done.code, done.err


def _token(folder):
    file = folder / "token.txt"
    file.write_text("abc123@0123456789abcde_abc123@53df7ad2afe8301")
    file.chmod(0o600)
    return file


def _services(deployment):
    return [deployment.inspect(name)["Id"] for name in ("backend", "frontend")]


def _specs_of_page():
    page = (find_checkout() / "docs" / "migrate.md").read_text("utf-8")
    return re.findall(r"(?ms)^```yaml\n(.*?)^```", page)
