"""Containers through the port, on an engine of canned answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sidecar.engine.client import connect
from sidecar.engine.containers import Container, Containers
from sidecar.engine.errors import EngineError

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
