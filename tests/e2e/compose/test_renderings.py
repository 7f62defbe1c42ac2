"""Every region's rendering as Compose itself reads it. Needs Compose, but no engine."""

from __future__ import annotations

import filecmp
import json

import pytest
from compose_deployment import sidecar

pytestmark = pytest.mark.e2e

NETWORKS = ("public", "vpc")


def regions():
    """Return the catalogue as the command prints it, without the stand-in's region."""
    return [
        region
        for region in sidecar("regions", "--output", "json").report
        if region["id"] != "local"
    ]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_region_passes_compose_config(compose, tmp_path, network):
    """Compose accepts all 21 renderings, and each agent in them reports to the catalogue's host."""
    done = sidecar("render", "--all-regions", "--network", network, "--out", tmp_path)

    found = regions()
    assert (0, 21) == (done.code, len(found))
    for region in found:
        config = json.loads(
            compose.run(tmp_path / region["id"], "config", "--format", "json").stdout
        )
        argv = [
            argument
            for name in ("frontend-agent", "backend-agent")
            for argument in config["services"][name]["command"]
        ]
        assert 2 == argv.count(f"--reporter.grpc.host-port={region[network]}:1883")


def test_two_renders_are_equal(tmp_path):
    """The same input gives the same bytes."""
    for name in ("first", "second"):
        assert 0 == sidecar("render", "--all-regions", "--out", tmp_path / name).code

    files = [
        path.relative_to(tmp_path / "first")
        for path in (tmp_path / "first").rglob("*")
        if path.is_file()
    ]
    same, different, missing = filecmp.cmpfiles(
        tmp_path / "first", tmp_path / "second", files, shallow=False
    )
    assert 21 <= len(same)
    assert ([], []) == (different, missing)


def test_a_folder_deploys_from_any_directory(compose, tmp_path):
    """The paths in a rendering are its own folder's, wherever Compose is called from."""
    assert 0 == sidecar("render", "--region", "cn-shenzhen", "--out", tmp_path / "out").code

    config = compose.config(tmp_path / "out")
    assert str(tmp_path / "out/secrets/agent.yaml") == config["secrets"]["agent"]["file"]
