"""Stacks of users: inject, up, verify, remove. Everything of theirs goes on running as it was."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from _require import only_stacks
from compose_deployment import UsersStack, sidecar, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

STACKS = Path(__file__).with_name("stacks")
FILE = "docker-compose.yml"
FETCH = (
    "import sys, urllib.request as r;"
    "print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=10).status)"
)
RECOVERY_SECONDS = 90
UP = ("up", "--detach", "--no-build", "--pull=never", "--remove-orphans")


class Stack(UsersStack):
    """A stack, which an overlay comes over and leaves again."""

    def inject(self, *options):
        """Run `sidecar inject` on the stack's file."""
        return sidecar("inject", self.folder / FILE, *options)

    def render(self, *options):
        """Begin a spec from the stack's file, and render it."""
        spec = self.folder / "sidecar.yaml"
        begun = sidecar("init", "--from", self.folder / FILE, "--out", spec, *options)
        return sidecar("render", "--file", spec) if begun.code == 0 else begun

    def fetch(self, service, url):
        """Return the status that a service gets from an address."""
        return self.run("exec", "-T", service, "python", "-c", FETCH, url).stdout.strip()


@pytest.fixture
def running(engine, compose, images, tmp_path):
    """Start a copy of a stack, and remove it after the block."""

    @contextmanager
    def start(name, **settings):
        shutil.copy(STACKS / f"{name}.yml", tmp_path / FILE)
        stack = Stack(tmp_path, engine, compose, images)
        stack.set(**settings)
        try:
            stack.run(*UP)
            yield stack
        finally:
            stack.down()

    return start


def test_a_shop_gets_an_agent_and_goes_back(running):
    """The agent that the code names is the service's own; removal brings the stack back."""
    with running("shop") as stack:
        before = stack.state()
        environment = (stack.folder / ".env").read_bytes()
        done = stack.inject("--region", "local", "--activate")
        assert 0 == done.code, done.err
        stack.run(*UP)
        stack.run("rm", "--stop", "--force", "jaeger-agent")
        during = stack.state()
        stack.await_port("stock", 8000)
        stack.await_port("front", 8000)
        proof = stack.verify("--request", "stock=http://localhost:8000/", path_only=False)
        status = stack.fetch("front", "http://localhost:8000/")
        found = stack.engine.containers.of_project(stack.project)
        shown = [stack.engine.containers.inspect(one.identity) for one in found]
        left = stack.inject("--remove")
        stack.run(*UP)
        after = stack.state()

    assert 0 == proof.code, proof.out
    assert "200" == status
    assert {"stock-agent", "tracing-gateway"} == during.keys() - before.keys()
    assert {"jaeger-agent"} == before.keys() - during.keys()
    assert "canary7" not in f"{shown} {done} {left}"
    assert before == after
    assert environment == (stack.folder / ".env").read_bytes()
    assert [FILE] == sorted(path.name for path in stack.folder.glob("[!.]*"))


def test_a_service_keeps_the_ports_that_its_agent_had(running):
    """A service leaves its agent's network, keeps port and name, and is proven; from a spec."""
    with running("shared-network") as stack:
        done = stack.render("--region", "local", "--service", "pricing")
        assert 0 == done.code, done.err
        stack.run(*UP)
        stack.run("rm", "--stop", "--force", "agent")
        stack.await_port("pricing", 8081)
        stack.await_port("front", 8000)
        proof = stack.verify()
        status = stack.fetch("front", "http://localhost:8000/healthz")
        ports = stack.inspect("pricing")["NetworkSettings"]["Ports"]

    assert 0 == proof.code, proof.out
    assert "200" == status
    assert ports["8081/tcp"]


def test_a_collector_keeps_what_the_gateway_does_not_take(running, collector_images, tmp_path):
    """It says what waits, which arrives later; removal leaves what the stack has, and no more."""
    with running("shelf") as stack:
        before, kept = stack.state(), _files(stack.folder)
        spec = tmp_path / "sidecar.yaml"
        spec.write_text("region: local\nagent: {kind: collector}\n")
        done = stack.inject("--file", spec, "--activate")
        assert 0 == done.code, done.err
        stack.run(*UP)
        proof = stack.verify()
        stack.run("stop", "--timeout=1", "tracing-gateway")
        hops, away = stack.hops("--seconds=5")
        stack.run(*UP)
        marker = f"{stack.page}/api/markers/{away.report['marker']}-desk"
        arrived = wait_for(lambda: _distinct(marker), lambda spans: spans == 200, RECOVERY_SECONDS)
        left = stack.inject("--remove")
        spec.unlink()
        stack.run(*UP)
        after, there = stack.state(), _files(stack.folder)

    assert 0 == proof.code, proof.out
    sent = hops["desk", "collector sent"]
    assert (1, "waits", "spans-wait-in-queue") == (away.code, sent["state"], sent["id"])
    assert hops["desk", "collector queued"]["ok"]
    assert 200 == arrived
    assert (before, kept) == (after, there), left.out


def _files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def _distinct(url):
    with suppress(requests.RequestException):
        return requests.get(url, timeout=5).json()["distinct"]
    return 0


@only_stacks
def test_services_of_one_network_share_an_agent(running):
    """Two services in a third one's network, behind a profile, report to one agent."""
    with running("vpn", COMPOSE_PROFILES="away") as stack:
        done = stack.inject("--region", "local")
        assert 0 == done.code, done.err
        stack.run(*UP)
        hops, proof = stack.hops("--spans", "50")

    assert 0 == proof.code, proof.out
    assert {"fetch", "parse"} == {service for service, _ in hops}
    assert {True} == {hop["ok"] for hop in hops.values()}


@only_stacks
@pytest.mark.parametrize(
    "name", ["replicas", "agent-inside", "two-networks", "jobs", "version-two"]
)
def test_a_further_stack_is_proven_and_goes_back(name, running):
    """Whatever its shape, each traced service is proven, and removal brings the stack back."""
    with running(name) as stack:
        before = stack.state()
        done = stack.inject("--region", "local", "--activate", "--output", "json")
        assert 0 == done.code, done.err
        stack.run(*UP)
        for service in done.report["replaced"]:
            stack.run("rm", "--stop", "--force", service)
        hops, proof = stack.hops("--spans", "50")
        stack.inject("--remove")
        stack.run(*UP)
        after = stack.state()

    traced = {each["service"] for each in done.report["services"] if each["traced"]}
    assert 0 == proof.code, proof.out
    assert traced == {service for service, _ in hops}
    assert {True} == {hop["ok"] for hop in hops.values()}
    assert before.keys() == after.keys()
