"""`sidecar token rotate`: new agents are proven before the old ones end; or all is as before."""

from __future__ import annotations

import fcntl
import json
import shutil
import signal
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from sidecar.engine.containers import Container
from sidecar.engine.errors import ComposeAbsentError, EngineAbsentError, EngineError
from sidecar.engine.project import CONFIG_FILES, WORKING_DIR
from sidecar.engine.short_lived import RunResult
from sidecar.errors import SidecarError
from sidecar.plan.agents import config_text
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.tokens import compose_agents
from sidecar.tokens.check import fingerprint
from sidecar.tokens.file_store import FileStore

NEW = "canary@0123456789abcde_canary@53df7ad2afe8301"
OLD_FILE = config_text(LOCAL_TOKEN, "agent.tags")
NEW_FILE = config_text(NEW, "agent.tags")
PATH = Path("secrets/agent.yaml")
CLIENT = {"started": 20, "sent": 20, "dropped": {}, "packets": 1, "trace_ids": ["t1"]}
GATEWAY = {"accepted": 20, "refused": 0, "distinct": 20, "dropped": 0}


class Containers:
    """The containers of one project, and all that was done to them."""

    def __init__(self) -> None:
        self.there = {
            name: name.rpartition("-")[0]
            for name in ("web-1", "web-agent-1", "pay-agent-1", "gateway-1")
        }
        self.stopped: set[str] = set()
        self.restarting: set[str] = set()
        self.done: list[str] = []
        self.packets = 0
        self.refusing = False
        self.labels: dict[str, str] = {}

    def sweep(self, project):
        """Nothing was left behind."""

    def of_project(self, project: str) -> list[Container]:
        """Return them, as the engine's port does."""
        found = sorted(self.there.items())
        return [
            Container(name, name, project, service, self._status(name), "", "image")
            for name, service in found
        ]

    def _status(self, name: str) -> str:
        return (
            "exited"
            if name in self.stopped
            else "restarting"
            if name in self.restarting
            else "running"
        )

    def inspect(self, identity: str) -> dict:
        """Return what is read of a container."""
        service = self.there[identity]
        role = (
            "gateway"
            if service == "gateway"
            else "agent"
            if service.endswith("-agent")
            else "service"
        )
        labels = {"sidecar-kit.role": role, **self.labels}
        if role != "gateway":
            labels["sidecar-kit.service"] = service.removesuffix("-agent")
        place = {"IPAddress": "10.0.0.9", "GlobalIPv6Address": ""}
        names = ("p_gateway", f"p_{service.removesuffix('-agent')}-tracing")
        networks = dict.fromkeys(names, place)
        return {
            "Config": {"Labels": labels, "Env": []},
            "State": {"Status": "running"},
            "NetworkSettings": {"Networks": networks},
        }

    def run(self, request) -> RunResult:
        """Answer as the probe and the readers do: each probe is one packet of twenty spans."""
        inside = request.network_mode.removeprefix("container:")
        words = request.argv
        if "sidecar_tracing.probe" in words:
            self.done.append(f"probe {inside} {request.environment}")
            self.packets += 1
            return RunResult(0, json.dumps(CLIENT), "")
        if "gateway" in words:
            return RunResult(0, json.dumps(GATEWAY), "")
        fate = "spans_failed" if self.refusing else "spans_submitted"
        counts = {"packets_processed": self.packets, fate: 20 * self.packets}
        return RunResult(0, json.dumps(counts), "")

    def logs(self, identity: str, since: float | None = None) -> str:
        """Return what an agent says of a wrong token."""
        return "code = Unauthenticated"

    def disconnect(self, identity: str, network: str) -> None:
        """Note it."""
        self.done.append(f"disconnect {identity} {network}")

    def remove(self, identity: str, grace: int) -> None:
        """Note it, and forget the container."""
        self.done.append(f"remove {identity}")
        del self.there[identity]
        self.stopped.discard(identity)


class Compose:
    """Compose that starts what it is asked to scale."""

    def __init__(self, containers: Containers, config: dict) -> None:
        self.containers, self._config = containers, config
        self.argv: tuple[str, ...] = ()
        self.fault: BaseException | None = None

    def config(self, folder: Path) -> dict:
        """Return the Compose file as Compose understands it."""
        return self._config

    def run(self, folder: Path, *argv: str) -> None:
        """Start a second agent of each, and fail where the test says so."""
        self.argv = argv
        for scale in (word for word in argv if word.startswith("--scale=")):
            service, _, count = scale.removeprefix("--scale=").partition("=")
            self.containers.there[f"{service}-{count}"] = service
        if self.fault:
            raise self.fault


@pytest.fixture(autouse=True)
def deployment(monkeypatch, tmp_path):
    """Two agents that run with an old token, a service and a gateway."""
    monkeypatch.chdir(tmp_path)
    Path("docker-compose.yml").touch()
    PATH.parent.mkdir(mode=0o700)
    PATH.write_text(OLD_FILE)
    Path("new.txt").write_text(NEW)
    Path("new.txt").chmod(0o600)
    containers = Containers()
    agent = {"labels": {"sidecar-kit.role": "agent"}}
    config = {
        "name": "p",
        "services": {"web": {}, "web-agent": agent, "pay-agent": agent, "gateway": {}},
        "secrets": {"agent": {"file": str(PATH.resolve())}},
        "networks": {"gateway": {"name": "p_gateway"}},
        "x-sidecar": {"probe": "kit/gateway:1"},
    }
    compose = Compose(containers, config)
    engine = SimpleNamespace(containers=containers, short_lived=containers)
    monkeypatch.setattr(compose_agents, "connect", lambda: engine)
    monkeypatch.setattr(compose_agents, "find_compose", lambda: compose)
    monkeypatch.setattr(compose_agents.time, "sleep", lambda _: None)
    return SimpleNamespace(containers=containers, compose=compose, config=config)


def rotate(run, *options: str):
    """Run the command with the new token."""
    result = run("token", "rotate", "--file", "new.txt", *options)
    assert "canary" not in result.out + result.err
    return result


def agents(deployment) -> list[str]:
    """Return the agents' containers."""
    return sorted(
        name for name, service in deployment.containers.there.items() if service.endswith("-agent")
    )


def test_old_agents_end_after_the_new_ones_are_proven(run, deployment) -> None:
    """First all new ones, each from its own network; then each old one, off its network first."""
    result = rotate(run)

    assert 0 == result.code, result.err
    assert ["pay-agent-2", "web-agent-2"] == agents(deployment)
    probes, ends = deployment.containers.done[:2], deployment.containers.done[2:]
    assert {
        f"probe {name} {{'JAEGER_AGENT_HOST': '127.0.0.1'}}" for name in agents(deployment)
    } == set(probes)
    assert [
        "disconnect pay-agent-1 p_pay-tracing",
        "remove pay-agent-1",
        "disconnect web-agent-1 p_web-tracing",
        "remove web-agent-1",
    ] == ends
    assert NEW_FILE == PATH.read_text()
    assert 0o444 == stat.S_IMODE(PATH.stat().st_mode)
    written = f"secrets/agent.yaml: written, fingerprint {fingerprint(NEW)}"
    assert f"{written}. Replaced: pay-agent, web-agent\n" == result.out


def test_compose_touches_nothing_but_the_agents(run, deployment) -> None:
    """No build, no pull, no other service, and nothing is recreated."""
    rotate(run)

    assert (
        "up",
        "--detach",
        "--no-deps",
        "--no-recreate",
        "--no-build",
        "--pull=never",
    ) == deployment.compose.argv[:6]
    assert ("pay-agent", "web-agent") == deployment.compose.argv[-2:]


def test_no_verify_sends_no_span(run, deployment) -> None:
    """For users who may not add spans."""
    assert 0 == rotate(run, "--no-verify").code
    assert not any(step.startswith("probe") for step in deployment.containers.done)


def test_a_dry_run_changes_nothing(run, deployment) -> None:
    """It names the file and the agents."""
    result = rotate(run, "--dry-run")

    written = f"secrets/agent.yaml: would be written, fingerprint {fingerprint(NEW)}\n"
    assert (0, f"{written}would be replaced: pay-agent, web-agent\n") == (result.code, result.out)
    assert (OLD_FILE, []) == (PATH.read_text(), deployment.containers.done)


def assert_as_before(deployment, old: str | None = OLD_FILE) -> None:
    """Nothing is left of the attempt."""
    assert old == (PATH.read_text() if PATH.exists() else None)
    assert ["pay-agent-1", "web-agent-1"] == agents(deployment)
    assert not any(step.startswith("disconnect") for step in deployment.containers.done)


def test_what_is_refused_is_undone(run, deployment) -> None:
    """The first hop that fails is the cause."""
    deployment.containers.refusing = True
    result = rotate(run)

    assert 1 == result.code
    assert "the gateway refused the token" in result.err
    assert result.err.endswith(
        "The old token was restored. The old agents still run [token-refused]\n"
    )
    assert_as_before(deployment)


def test_what_does_not_start_is_undone(run, deployment) -> None:
    """The cause is what Compose reports."""
    deployment.compose.fault = SidecarError("docker compose", "container web-agent-2 is unhealthy")
    result = rotate(run)

    expected = (
        "sidecar: docker compose: container web-agent-2 is unhealthy. "
        "The old token was restored. The old agents still run\n"
    )
    assert (1, expected) == (result.code, result.err)
    assert_as_before(deployment)


def test_an_interrupt_is_undone(run, deployment) -> None:
    """Ctrl-C while they start."""
    deployment.compose.fault = KeyboardInterrupt()

    result = rotate(run)

    expected = (
        "sidecar: The old token was restored. The old agents still run\nsidecar: interrupted\n"
    )
    assert (130, True) == (result.code, result.err.endswith(expected))
    assert_as_before(deployment)


def test_what_a_killed_rotation_left_ends_with_the_next_one(run, deployment) -> None:
    """Doubled agents, a stopped one, one that keeps restarting: one new agent of each remains."""
    there = {"web-agent-2": "web-agent", "web-agent-3": "web-agent", "pay-agent-2": "pay-agent"}
    deployment.containers.there |= there
    deployment.containers.stopped = {"web-agent-3"}
    deployment.containers.restarting = {"pay-agent-2"}
    result = rotate(run)

    assert 0 == result.code, result.err
    assert ("--scale=pay-agent=3", "--scale=web-agent=3") == deployment.compose.argv[-4:-2]
    assert "remove web-agent-3" == deployment.containers.done[0]
    assert ["pay-agent-3", "web-agent-3"] == agents(deployment)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_proven_the_old_agents_end_whatever_comes(
    run, deployment, monkeypatch, number: int
) -> None:
    """A signal waits until the last one has handed on what it held."""
    leave = Containers.disconnect

    def interrupted(*arguments: object) -> None:
        signal.raise_signal(number)
        leave(*arguments)

    monkeypatch.setattr(Containers, "disconnect", interrupted)
    result = rotate(run)

    assert 128 + number == result.code
    assert ["pay-agent-2", "web-agent-2"] == agents(deployment)
    assert NEW_FILE == PATH.read_text()


def test_an_old_agent_that_refuses_to_end_is_named(run, deployment, monkeypatch) -> None:
    """The others end; the new token stays."""
    leave = Containers.disconnect

    def refusing(self, identity: str, network: str) -> None:
        if identity == "pay-agent-1":
            raise EngineError(network, "device is busy")
        leave(self, identity, network)

    monkeypatch.setattr(Containers, "disconnect", refusing)
    result = rotate(run)

    assert 1 == result.code
    assert "pay-agent-1: could not be ended: device is busy\n" in result.err
    expected = (
        "sidecar: token: is in place, and the new agents have it. "
        "Old agents still run: pay-agent-1. Run `sidecar token rotate` again\n"
    )
    assert result.err.endswith(expected)
    assert ["pay-agent-1", "pay-agent-2", "web-agent-2"] == agents(deployment)


def test_what_cannot_be_undone_is_named(run, deployment, monkeypatch) -> None:
    """The next rotation ends it."""

    def refusing(*_: object) -> None:
        raise EngineError("agent", "device is busy")

    monkeypatch.setattr(Containers, "remove", refusing)
    deployment.compose.fault = SidecarError("docker compose", "failed")
    result = rotate(run)

    expected = (
        "failed. The old token was restored. New agents could not be removed: "
        "pay-agent-2, web-agent-2; the next rotation removes them\n"
    )
    assert (1, True) == (result.code, result.err.endswith(expected))
    assert OLD_FILE == PATH.read_text()


def test_an_old_token_that_cannot_be_put_back_is_reported(run, deployment, monkeypatch) -> None:
    """A disk that filled up in between."""
    deployment.compose.fault = SidecarError("docker compose", "failed")
    write = FileStore.write

    def full(self, config: bytes) -> None:
        if config == OLD_FILE.encode():
            raise SidecarError(self.name, "cannot be written: No space left on device")
        write(self, config)

    monkeypatch.setattr(FileStore, "write", full)
    result = rotate(run)

    assert (
        "The old token could not be restored: secrets/agent.yaml: cannot be written" in result.err
    )
    assert ["pay-agent-1", "web-agent-1"] == agents(deployment)


def test_two_rotations_come_one_after_the_other(run, deployment) -> None:
    """The second looks for agents only when the first has ended."""
    held = FileStore(Path()).locked(print)
    held.__enter__()
    flock = fcntl.flock
    waited = []

    def released(descriptor: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            waited.append(deployment.compose.argv)
            held.__exit__(None, None, None)
        flock(descriptor, operation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", released)
        result = rotate(run)

    assert (0, [()]) == (result.code, waited)
    assert "sidecar: waiting for another `sidecar token` to end\n" in result.err


def test_an_undone_first_token_leaves_no_file(run, deployment) -> None:
    """There was none before."""
    shutil.rmtree(PATH.parent)
    deployment.compose.fault = SidecarError("docker compose", "failed")

    assert 1 == rotate(run).code
    assert_as_before(deployment, None)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (EngineAbsentError("unix:///x", "no engine answers"), "unix:///x: no engine answers"),
        (ComposeAbsentError("docker compose", "none was found"), "docker compose: none was found"),
        (None, "no agent of this folder runs"),
    ],
)
def test_where_nothing_runs_the_file_is_written(
    run, deployment, monkeypatch, fault, reason: str
) -> None:
    """The output says that nothing was restarted, and why; so does a dry run's."""
    if fault:
        monkeypatch.setattr(compose_agents, "connect", lambda: (_ for _ in ()).throw(fault))
    deployment.containers.stopped = {"web-agent-1", "pay-agent-1"}
    planned, result = rotate(run, "--dry-run"), rotate(run)

    assert (0, True) == (planned.code, planned.out.endswith(f"nothing else: {reason}\n"))
    assert (0, True) == (result.code, result.out.endswith(f"Nothing to restart: {reason}\n"))
    assert NEW_FILE == PATH.read_text()


def test_an_interrupt_where_nothing_runs_is_undone(run, monkeypatch) -> None:
    """Ctrl-C right after the new file took the old one's place."""
    Path("docker-compose.yml").unlink()
    PATH.write_bytes(b"\xff")
    write = FileStore.write

    def interrupted(self, config: bytes) -> None:
        write(self, config)
        if config != b"\xff":
            raise KeyboardInterrupt

    monkeypatch.setattr(FileStore, "write", interrupted)
    result = rotate(run)

    expected = "sidecar: The old token was restored\nsidecar: interrupted\n"
    assert (130, expected) == (result.code, result.err)
    assert b"\xff" == PATH.read_bytes()


def test_a_folder_that_was_not_rendered_gets_the_file(run) -> None:
    """For a deployment without Compose."""
    Path("docker-compose.yml").unlink()
    result = rotate(run)

    assert result.out.endswith("Nothing to restart: . holds no docker-compose.yml\n")
    assert NEW_FILE == PATH.read_text()


def test_agents_that_read_another_file_are_reported(run, deployment) -> None:
    """A new file that no agent would read is not written."""
    deployment.config["secrets"]["agent"]["file"] = "/run/vault/agent.yaml"
    result = rotate(run)

    assert 1 == result.code
    cause = "secrets/agent.yaml: is not what the agents read: /run/vault/agent.yaml"
    fix = "Set SIDECAR_TOKEN_FILE to it, and run `docker compose up --detach`"
    assert f"{cause}. {fix}" in result.err
    assert OLD_FILE == PATH.read_text()


def test_agents_of_another_folder_are_not_replaced(run, deployment, tmp_path) -> None:
    """Two folders with one project: this folder's token does not reach the other's agents."""
    other = tmp_path / "other/docker-compose.yml"
    other.parent.mkdir()
    other.touch()
    deployment.containers.labels = {WORKING_DIR: str(other.parent), CONFIG_FILES: str(other)}
    result = rotate(run)

    assert 1 == result.code
    assert f"runs from another folder, {other.parent}. Give `name:` in the spec" in result.err
    assert OLD_FILE == PATH.read_text()
    assert [] == deployment.containers.done


@pytest.mark.parametrize(
    ("options", "section"), [([], "jaeger"), (["--agent-version", "1.62.0"], "agent")]
)
def test_the_key_stays_unless_a_version_is_named(run, options: list[str], section: str) -> None:
    """Old agents keep their key."""
    PATH.write_text(config_text(LOCAL_TOKEN, "jaeger.tags"))
    rotate(run, *options)

    assert PATH.read_text().startswith(f"{section}:")


def test_an_agent_that_never_settles_is_stopped_in_the_end(run, deployment, monkeypatch) -> None:
    """Its counters cannot be read, or keep moving: the wait has a limit."""
    ticks = iter(range(0, 10_000, 5))
    monkeypatch.setattr(compose_agents.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(Containers, "run", lambda *_: RunResult(1, "", "no answer"))

    assert 0 == rotate(run, "--no-verify").code
    assert ["pay-agent-2", "web-agent-2"] == agents(deployment)
