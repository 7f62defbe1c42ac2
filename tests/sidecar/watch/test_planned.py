"""The plan that a bundle holds, where a spec tells it."""

from __future__ import annotations

import argparse
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from fake_kubectl import put_on_path

from sidecar.commands._planned import planned
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from pathlib import Path

SPEC = """\
region: local
services:
  - {name: web, image: "shop/web:1", port: 8000, environment: {DATABASE: "postgres://u:pw@db"}}
"""
NONE: dict[str, Any] = {"out": None, "file": None, "region": None, "network": None, "regions": None}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sidecar.yaml").write_text(SPEC)
    return tmp_path


def plan(name: str, **given: Any) -> dict[str, Any] | None:
    """Return the plan of these flags, for a deployment that runs."""
    return planned(argparse.Namespace(**{**NONE, **given}), name)


def test_a_spec_nearby_counts_for_the_project_that_it_names() -> None:
    """As `sidecar plan` shows it; variables by name, settings by source."""
    found = plan("Compose project services-local")

    assert found
    assert (["sidecar.yaml"], "local") == (found["from"], found["region"])
    (web,) = found["services"]
    assert ("web", None) == (web["name"], web["environment"]["DATABASE"])
    assert any("workers" in argument for argument in web["agent"]["argv"])
    assert "postgres" not in json.dumps(found)


@pytest.mark.parametrize("name", ["Compose project shop", "release demo", ""])
def test_another_deployment_has_not_the_plan_of_a_spec_nearby(name: str) -> None:
    """What the rendering shows is true of it."""
    assert plan(name) is None


def test_a_spec_nearby_counts_for_the_stack_whose_files_it_names(folder: Path) -> None:
    """Whatever its project is called; not for a release, nor for a stack in another folder."""
    stack = "services: {web: {image: 'web:1', environment: {JAEGER_AGENT_PORT: '6831'}}}\n"
    (folder / "docker-compose.yml").write_text(stack)
    (folder / "sidecar.yaml").write_text("{region: local, compose: [docker-compose.yml]}\n")
    found = plan("Compose project shop")

    assert found
    assert ["web"] == [service["name"] for service in found["services"]]
    assert plan("release demo") is None
    assert plan("Compose project shop", out=folder / "elsewhere") is None


def test_a_spec_nearby_without_a_plan_is_no_error(folder: Path) -> None:
    """But one that the flags name is."""
    spec = folder / "sidecar.yaml"
    spec.write_text("region: nowhere\n")

    assert plan("Compose project services-local") is None
    with pytest.raises(SidecarError, match="nowhere"):
        plan("release demo", file=[spec])


def test_a_named_spec_is_in_the_bundle_though_nothing_runs(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--file needs no --pre there."""
    put_on_path(folder, monkeypatch).answer("get", err="Unable to connect to the server")
    words = ("--release=demo", "--namespace=shop", "--bundle=b.tar.gz", "--file=sidecar.yaml")
    done = run("verify", *words)

    assert 1 == done.code
    with tarfile.open(folder / "b.tar.gz") as archive:
        held = archive.extractfile("sidecar-bundle/plan.json")
        assert held
        assert ["sidecar.yaml"] == json.load(held)["from"]
