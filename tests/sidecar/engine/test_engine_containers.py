"""Containers through the port, on an engine of canned answers."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from sidecar import signals
from sidecar.engine import containers as module
from sidecar.engine.client import connect
from sidecar.engine.containers import Container, Containers, RunRequest
from sidecar.engine.errors import EngineError, ImageMissingError, RunTimeoutError

if TYPE_CHECKING:
    from fake_engine import FakeEngine

INSPECTED = {
    "Id": "c1",
    "Name": "/demo-frontend-1",
    "State": {"Status": "running", "Health": {"Status": "healthy"}},
    "Config": {
        "Image": "sidecar-kit/sample:1",
        "Labels": {"com.docker.compose.project": "demo", "com.docker.compose.service": "frontend"},
    },
}


@pytest.fixture
def containers(fake: FakeEngine) -> Containers:
    fake.answer("GET /containers/c1/json", INSPECTED)
    return connect().containers


def test_containers_of_a_project_carry_service_and_health(
    fake: FakeEngine, containers: Containers
) -> None:
    """Stopped ones, too; the filter is Compose's own labels."""
    fake.answer("GET /containers/json", ({"Id": "c1"},))

    found = containers.of_project("demo", "frontend")

    expected = Container(
        "c1", "demo-frontend-1", "demo", "frontend", "running", "healthy", "sidecar-kit/sample:1"
    )
    assert [expected] == found
    assert "all=1" in next(request for request in fake.asked if "containers/json" in request)


def test_short_lived_container_has_no_privileges(fake: FakeEngine, containers: Containers) -> None:
    """It is read-only, without capabilities or new privileges, and removed if it does not start."""
    fake.answer("GET /containers/c0/json", INSPECTED)
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer(
        "POST /containers/c1/start",
        {"message": "cannot join network of a non running container"},
        status=409,
    )
    fake.answer("DELETE /containers/c1")

    with pytest.raises(EngineError, match="non running container"):
        containers.run(RunRequest("kit:1", ("true",), network_mode="container:c0", user="10001"))

    sent = json.loads(fake.bodies["POST /containers/create"])
    host = sent["HostConfig"]
    assert (True, ["ALL"], ["no-new-privileges"], "container:c0", "10001") == (
        host["ReadonlyRootfs"],
        host["CapDrop"],
        host["SecurityOpt"],
        host["NetworkMode"],
        sent["User"],
    )
    assert fake.asked[-1].startswith("DELETE /containers/c1")


@pytest.mark.parametrize("at", ["_create", "_finish"])
def test_short_lived_container_is_removed_at_a_signal(
    fake, containers, monkeypatch, at: str
) -> None:
    """While it is created or while it runs; after a second signal, too."""
    owner = Containers if at == "_create" else module
    work = getattr(owner, at)

    def interrupted(*arguments):
        result = work(*arguments) if at == "_create" else None
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        return result

    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("DELETE /containers/c1")
    monkeypatch.setattr(owner, at, interrupted)
    with pytest.raises(signals.Interrupted, match="SIGTERM"), signals.as_exceptions():
        containers.run(RunRequest("sidecar-kit/sample:1", ("true",)))

    assert any(request.startswith("DELETE /containers/c1") for request in fake.asked)


def test_short_lived_container_that_does_not_end_is_removed(
    fake: FakeEngine, containers: Containers
) -> None:
    """After the request's time."""
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("POST /containers/c1/start")
    fake.answer("POST /containers/c1/wait", delay=2)
    fake.answer("DELETE /containers/c1")

    with pytest.raises(RunTimeoutError, match=r"sleep 9 did not end within 0.1 s"):
        containers.run(RunRequest("kit:1", ("sleep", "9"), seconds=0.1))

    assert fake.asked[-1].startswith("DELETE /containers/c1")


def test_a_post_that_cannot_start_is_removed(fake: FakeEngine, containers: Containers) -> None:
    """The next program gets a new one: the network's container may run again by then."""
    fake.answer("GET /containers/c0/json", INSPECTED)
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("POST /containers/c1/start", {"message": "not running"}, status=409)
    fake.answer("DELETE /containers/c1")
    request = RunRequest("kit:1", ("true",), network_mode="container:c0")
    posts = containers.posts("kit:1")

    for _ in range(2):
        with pytest.raises(EngineError, match="not running"):
            posts.run(request)

    created = [entry for entry in fake.asked if entry.startswith("POST /containers/create")]
    removed = [entry for entry in fake.asked if entry.startswith("DELETE /containers/c1")]
    assert (2, 2) == (len(created), len(removed))


def test_programs_of_one_network_share_a_post(fake: FakeEngine, containers: Containers) -> None:
    """It is created once, runs each program with its environment, and is removed by close."""
    fake.answer("GET /containers/c0/json", INSPECTED)
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("POST /containers/c1/start")
    fake.answer("POST /containers/c1/exec", {"message": "no more programs"}, status=409)
    fake.answer("DELETE /containers/c1")
    request = RunRequest(
        "kit:1",
        ("-m", "it"),
        entrypoint=("python",),
        network_mode="container:c0",
        environment={"A": "1"},
    )
    posts = containers.posts("kit:1")

    for _ in range(2):
        with pytest.raises(EngineError, match="no more programs"):
            posts.run(request)
    posts.close()
    posts.close()

    asked = [entry.partition("?")[0] for entry in fake.asked]
    assert [1, 2, 1] == [
        asked.count(entry)
        for entry in (
            "POST /containers/create",
            "POST /containers/c1/exec",
            "DELETE /containers/c1",
        )
    ]
    sent = json.loads(fake.bodies["POST /containers/c1/exec"])
    assert (["python", "-m", "it"], ["A=1"]) == (sent["Cmd"], sent["Env"])


def test_a_container_is_disturbed_and_healed(fake: FakeEngine, containers: Containers) -> None:
    """Killed and started, paused and resumed, and put back on its network under its names."""
    for word in ("kill", "start", "pause", "unpause"):
        fake.answer(f"POST /containers/c1/{word}")
    fake.answer("GET /networks/n1", {"Id": "n1"})
    fake.answer("POST /networks/n1/connect")

    containers.kill("c1")
    containers.start("c1")
    containers.pause("c1")
    containers.unpause("c1")
    containers.connect("c1", "n1", ["gateway"])

    done = [entry.partition("?")[0] for entry in fake.asked if entry.startswith("POST")]
    assert ["kill", "start", "pause", "unpause", "connect"] == [
        entry.rpartition("/")[2] for entry in done
    ]
    sent = json.loads(fake.bodies["POST /networks/n1/connect"])
    assert ["gateway"] == sent["EndpointConfig"]["Aliases"]


def test_image_that_is_missing_names_the_command_that_gets_it(
    fake: FakeEngine, containers: Containers
) -> None:
    """Creating from an unknown image points at `sidecar images`."""
    fake.answer("POST /containers/create", {"message": "No such image: kit:1"}, status=404)

    with pytest.raises(ImageMissingError, match="See `sidecar images`"):
        containers.run(RunRequest("kit:1", ("true",)))


def test_container_that_was_removed_is_an_engine_error(containers: Containers) -> None:
    """A container can vanish between two calls."""
    with pytest.raises(EngineError, match="c2"):
        containers.logs("c2")


def test_a_container_is_disconnected_and_removed(fake: FakeEngine, containers: Containers) -> None:
    """It is disconnected by name, stopped within its grace, then removed with its volumes."""
    fake.answer("GET /networks/n1", {"Id": "n1"})
    fake.answer("POST /networks/n1/disconnect")
    fake.answer("POST /containers/c1/stop")
    fake.answer("DELETE /containers/c1")

    containers.disconnect("c1", "n1")
    containers.remove("c1", grace=3)

    assert {"Container": "c1"} == json.loads(fake.bodies["POST /networks/n1/disconnect"])
    assert fake.asked[-1].startswith("DELETE /containers/c1?")
    assert "POST /containers/c1/stop?t=3" in fake.asked


def test_a_network_that_was_removed_is_a_known_error(containers: Containers) -> None:
    """Like everything that the engine refuses."""
    with pytest.raises(EngineError, match="n1"):
        containers.disconnect("c1", "n1")
