"""README's second section, "Start from what you have", followed with an engine.

The region is played by a stand-in that has its host's name in the overlay's network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import docker
import pytest
import requests
from compose_deployment import Traffic, UsersStack, sidecar, wait_for
from pages import blocks, section, session

from sidecar.image_names import official
from sidecar.plan.agents import config_text

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(400)]

STACK = Path(__file__).with_name("stacks") / "orders.yml"
LINES = session(blocks("console", section("Start from what you have"))[0])
HOST = "tracing-analysis-dc-sh.aliyuncs.com"
OLD = "orders7@0a1b2c3d4e5f6a7b8c9d_orders7@5e6f7a8b9c0d1e2f"
NEW = "rotated@0123456789abcde_rotated@53df7ad2afe8301"
SPANS = 12
LATE_SECONDS = 15
"""How late a span may be: after a refusal, a client waits until nothing refuses for three seconds.
"""


class Orders(UsersStack):
    """The user's stack, and the region that its agents report to."""

    region = None

    def follow(self, line):
        """Run a line of README as it is written, in the stack's folder."""
        program, *words = line.split()
        if program == "sidecar":
            if words[0] == "images" and os.environ.get("E2E_IMAGES") == "present":
                return ""  # .env names them already
            environment = {"TRACING_TOKEN": OLD} if words[0] == "token" else {}
            done = sidecar(*words, cwd=self.folder, **environment)
            code, out, err = done.code, done.out, done.err
        else:
            assert ("docker", "compose") == (program, words[0])
            argv = [*self.compose.program, *words[1:]]  # the plugin, or the separate program
            done = subprocess.run(
                argv, check=False, cwd=self.folder, capture_output=True, text=True
            )
            code, out, err = done.returncode, done.stdout, done.stderr
        assert 0 == code, f"{line}\n{out}{err}"
        return out

    def open_region(self):
        """Start the stand-in, which knows both tokens, before anybody reports to it."""
        client = docker.from_env()
        tokens = self.folder.parent / "region"
        tokens.mkdir()
        for name, token in (("old", OLD), ("new", NEW)):
            (tokens / f"{name}.yaml").write_text(config_text(token, "agent.tags"))
        self.region = client.containers.run(
            os.environ.get("SIDECAR_GATEWAY_IMAGE") or official().gateway.name,
            [
                *("gateway", "--grpc=0.0.0.0:1883", "--http=0.0.0.0:16686"),
                *("--token-file=/tokens/old.yaml", "--token-file=/tokens/new.yaml"),
            ],
            detach=True,
            name=f"{self.project}-region",
            volumes={str(tokens): {"bind": "/tokens", "mode": "ro"}},
            ports={"16686/tcp": ("127.0.0.1", None)},
            environment={"NO_PROXY": "*", "no_proxy": "*"},
        )
        files = ("-f", "docker-compose.yml", "-f", "docker-compose.tracing.yml")
        self.follow(" ".join(("docker", "compose", *files, "create")))
        network = client.networks.get(f"{self.project}_tracing-gateway")
        network.connect(self.region, aliases=[HOST])
        self.page = self._published(self.region, "16686/tcp")

    def open_shop(self):
        """Find the port of the user's service."""
        found = docker.from_env().containers.get(self.container("orders").identity)
        self.frontend = self._published(found, "8000/tcp")

    @staticmethod
    def _published(container, port):
        container.reload()
        (binding, *_) = container.attrs["NetworkSettings"]["Ports"][port]
        return f"http://127.0.0.1:{binding['HostPort']}"

    def greet(self):
        """Order something, and return the trace's ID."""
        answer = requests.get(self.frontend, timeout=10)
        answer.raise_for_status()
        return answer.text

    def down(self):
        """Remove the region, too."""
        if self.region:
            self.region.remove(force=True)
        super().down()


@pytest.fixture
def orders(engine, compose, images, tmp_path):
    """The user's stack, which runs already."""
    folder = tmp_path / "stack"
    folder.mkdir()
    shutil.copy(STACK, folder / "docker-compose.yml")
    stack = Orders(folder, engine, compose, images)
    stack.set()
    try:
        stack.run("up", "--detach", "--no-build", "--pull=never")
        yield stack
    finally:
        stack.down()


def test_readmes_second_section_is_followed(orders):
    """Each line in its order; the spans arrive, and afterwards all is as before."""
    before = orders.state()
    inject, token, images, up, verify, remove = LINES
    orders.follow(inject)
    orders.follow(token)
    orders.follow(images)
    orders.open_region()
    orders.follow(up)
    proof = orders.follow(verify)
    arrived = orders.counters()
    again = orders.follow(remove).partition("next:\n")[2].splitlines()[0]
    orders.follow(again.strip())

    assert "proven as far as the agents" in proof
    assert arrived["spans"]["accepted"] >= 200
    assert before == orders.state()


def test_a_rotation_in_the_users_project_loses_nothing(orders):
    """Twelve spans a request, fifty requests a second: each span of each request arrives."""
    inject, token, _, up, *_ = LINES
    orders.follow(inject)
    orders.follow(token)
    orders.open_region()
    orders.follow(up)
    orders.open_shop()
    source = orders.folder.parent / "new.txt"
    source.write_text(NEW)
    source.chmod(0o600)
    before = orders.container("orders-agent").identity
    with Traffic(orders) as traffic:
        traffic.wait_for_more(50)
        done = sidecar("token", "rotate", "--out", orders.folder, "--file", source)
        traffic.wait_for_more(50)

    def incomplete():
        found = {one: orders.trace(one, SPANS, seconds=0) for one in traffic.answered}
        return [
            one for one, trace in found.items() if SPANS != len((trace or {"spans": ()})["spans"])
        ]

    assert 0 == done.code, done.err
    assert NEW not in done.out + done.err
    assert before != orders.container("orders-agent").identity
    assert [] == wait_for(incomplete, lambda left: not left, LATE_SECONDS)
    assert [] == traffic.failed
    assert 0 == orders.verify().code
