"""`sidecar verify --pre` from containers of a real engine: beside a deployment, and before one."""

from __future__ import annotations

import pytest
from compose_deployment import sidecar

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]


def checks(done):
    """Return check → results of a report."""
    found = {}
    for result in done.report["checks"]:
        found.setdefault(result["check"], []).append(result)
    return found


def test_beside_an_agent_that_runs_every_check_of_the_gateway_passes(deployment):
    """The look is in an agent's network; the ports are those of the deployment itself."""
    words = ("verify", "--pre", "--out", deployment.folder, "--output", "json")
    done = sidecar(*words, "--only", "gateway", "--only", "machine", "--wait", 60)
    found = checks(done)
    names = ("gateway-name", "gateway-port", "gateway-protocol", "round-trip", "clock")

    assert 0 == done.code
    assert "-agent-" in found["agent-place"][0]["subject"]
    assert {"ok"} == {found[name][0]["severity"] for name in names}
    assert "is held by this deployment, which runs" == found["host-ports"][0]["cause"]


def test_the_python_of_the_services_images_is_looked_at(deployment):
    """Each service's image imports its client, keeps every trace, and survives its forks."""
    words = ("verify", "--pre", "--out", deployment.folder, "--output", "json")
    done = sidecar(*words, "--only", "service", "--wait", 60)

    assert {"ok"} == {result["severity"] for result in done.report["checks"]}
    assert {"backend", "frontend"} == {result["subject"] for result in done.report["checks"]}


def test_a_region_whose_name_does_not_resolve_is_named_in_time(engine, images, tmp_path):
    """`.invalid` resolves nowhere: not in a container of a network of its own either."""
    regions = tmp_path / "regions.yaml"
    regions.write_text("regions: [{id: xx-test-1, name: Test, public: gateway.invalid}]\n")
    done = sidecar(
        *("verify", "--pre", "--region", "xx-test-1", "--regions", regions),
        *("--out", tmp_path / "build", "--only", "gateway", "--output", "json"),
    )
    found = checks(done)

    assert 1 == done.code
    assert "a short-lived container" == found["agent-place"][0]["subject"]
    assert "gateway-name-unresolved" == found["gateway-name"][0]["id"]
    assert "skipped" == found["gateway-port"][0]["severity"]
    assert done.report["seconds"] <= 10
