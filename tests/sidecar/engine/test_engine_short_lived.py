"""Short-lived containers and posts, on an engine of canned answers."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from sidecar import signals
from sidecar.engine import short_lived as module
from sidecar.engine.client import connect
from sidecar.engine.errors import EngineError, ImageMissingError, RunTimeoutError
from sidecar.engine.short_lived import RunRequest, ShortLived

if TYPE_CHECKING:
    from fake_engine import FakeEngine

JOINED = {"Config": {"Labels": {"com.docker.compose.project": "demo"}}}
"""What the engine knows of the container whose network is joined."""


@pytest.fixture
def short_lived(fake: FakeEngine) -> ShortLived:
    fake.answer("GET /containers/c1/json", {"Id": "c1"})
    return connect().short_lived


def test_short_lived_container_has_no_privileges(fake: FakeEngine, short_lived: ShortLived) -> None:
    """It is read-only, without capabilities or new privileges, and removed if it does not start."""
    fake.answer("GET /containers/c0/json", JOINED)
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer(
        "POST /containers/c1/start",
        {"message": "cannot join network of a non running container"},
        status=409,
    )
    fake.answer("DELETE /containers/c1")

    with pytest.raises(EngineError, match="non running container"):
        short_lived.run(RunRequest("kit:1", ("true",), network_mode="container:c0", user="10001"))

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
    fake, short_lived, monkeypatch, at: str
) -> None:
    """While it is created or while it runs; after a second signal, too."""
    owner = ShortLived if at == "_create" else module
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
        short_lived.run(RunRequest("sidecar-kit/sample:1", ("true",)))

    assert any(request.startswith("DELETE /containers/c1") for request in fake.asked)


def test_short_lived_container_that_does_not_end_is_removed(
    fake: FakeEngine, short_lived: ShortLived
) -> None:
    """After the request's time."""
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("POST /containers/c1/start")
    fake.answer("POST /containers/c1/wait", delay=2)
    fake.answer("DELETE /containers/c1")

    with pytest.raises(RunTimeoutError, match=r"sleep 9 did not end within 0.1 s"):
        short_lived.run(RunRequest("kit:1", ("sleep", "9"), seconds=0.1))

    assert fake.asked[-1].startswith("DELETE /containers/c1")


def test_a_post_that_cannot_start_is_removed(fake: FakeEngine, short_lived: ShortLived) -> None:
    """The next program gets a new one: the network's container may run again by then."""
    fake.answer("GET /containers/c0/json", JOINED)
    fake.answer("POST /containers/create", {"Id": "c1", "Warnings": []}, status=201)
    fake.answer("POST /containers/c1/start", {"message": "not running"}, status=409)
    fake.answer("DELETE /containers/c1")
    request = RunRequest("kit:1", ("true",), network_mode="container:c0")
    posts = short_lived.posts("kit:1")

    for _ in range(2):
        with pytest.raises(EngineError, match="not running"):
            posts.run(request)

    created = [entry for entry in fake.asked if entry.startswith("POST /containers/create")]
    removed = [entry for entry in fake.asked if entry.startswith("DELETE /containers/c1")]
    assert (2, 2) == (len(created), len(removed))


def test_programs_of_one_network_share_a_post(fake: FakeEngine, short_lived: ShortLived) -> None:
    """It is created once, runs each program with its environment, and is removed by close."""
    fake.answer("GET /containers/c0/json", JOINED)
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
    posts = short_lived.posts("kit:1")

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


def test_image_that_is_missing_names_the_command_that_gets_it(
    fake: FakeEngine, short_lived: ShortLived
) -> None:
    """Creating from an unknown image points at `sidecar images`."""
    fake.answer("POST /containers/create", {"message": "No such image: kit:1"}, status=404)

    with pytest.raises(ImageMissingError, match="See `sidecar images`"):
        short_lived.run(RunRequest("kit:1", ("true",)))
