"""The watch as a container: its health follows the agents' counters."""

from __future__ import annotations

import pytest
from compose_deployment import Traffic, deployed, sidecar, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]


@pytest.fixture
def watched(new_deployment):
    """A deployment that is rendered with `watch: true`, running and healthy."""
    made = new_deployment("watched")
    spec = made.folder / "sidecar.yaml"
    spec.write_text("region: local\nwatch: true\n")
    made.folder.joinpath("docker-compose.yml").unlink()
    made.folder.joinpath("local-agent.yaml").unlink()
    assert 0 == sidecar("render", "--file", spec, "--out", made.folder).code
    with deployed(made):
        made.set()
        yield made.up()


def test_a_gateway_that_stops_makes_the_watch_unhealthy(watched):
    """Whoever looks at the health learns the service, the hop and the id."""
    with Traffic(watched) as traffic:
        traffic.wait_for_more()
        watched.run("stop", "gateway")

        def health():
            return watched.inspect("sidecar-watch")["State"]["Health"]

        found = wait_for(health, lambda seen: seen["Status"] == "unhealthy", 90)

    assert "unhealthy" == found["Status"]
    assert "agent submitted: " in found["Log"][-1]["Output"]
    assert "[loss-budget-exceeded]" in found["Log"][-1]["Output"]
