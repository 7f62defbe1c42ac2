"""The images on a real engine: what is in them, and what is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace

import pytest
from _require import only_stacks

from sidecar import image_names
from sidecar.engine.client import connect
from sidecar.engine.short_lived import RunRequest
from sidecar.images.inputs import context_files
from sidecar.images.kit_images import KitBuild, build_kit_image
from sidecar.images.site import host_site
from sidecar.secrecy import child_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("images")]


@pytest.fixture(name="names", scope="module")
def read_names(images):
    """Image names by role, as Compose reads them."""
    lines = dict(line.split("=", 1) for line in (images / ".env").read_text().splitlines())
    return {image.role: lines.get(image.variable, image.name) for image in image_names.official()}


def test_second_run_takes_everything_from_the_engine(images):
    """Nothing is pulled or built when nothing changed, and .env stays as it is."""
    before = (images / ".env").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "images", "--out", str(images), "--output", "json"],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment(),
    )

    assert [(role, "cached") for role in ("base", "agent", "sample", "gateway")] == [
        (entry["role"], entry["way"]) for entry in json.loads(done.stdout)
    ]
    assert before == (images / ".env").read_text()


def test_sample_stays_below_200_megabytes(engine, names):
    """The sample is what a user's own service would look like."""
    assert engine.images.find(names["sample"]).size <= 200e6


@pytest.mark.parametrize("role", ["sample", "gateway", "agent"])
def test_image_runs_as_a_user_without_rights(engine, names, role):
    """A number, since Kubernetes cannot tell whether a name is root."""
    assert engine.images.find(names[role]).user.split(":")[0] == "10001"


@pytest.mark.parametrize("role", ["sample", "gateway"])
def test_image_carries_no_pip_and_no_settings_of_this_host(engine, names, role):
    """Mirrors and authority are used for the build only."""
    look = (
        "import glob, importlib.util as util;"
        "print(util.find_spec('pip'), glob.glob('/site*'), glob.glob('/build*'))"
    )
    found = engine.short_lived.run(RunRequest(names[role], ("-c", look), entrypoint=("python",)))

    assert (0, "None [] []\n") == (found.exit_code, found.stdout), found.stderr
    history = "\n".join(engine.images.history(names[role]))
    assert [] == [
        value for value in host_site().pip.values() if "://" in value and value in history
    ]
    assert "pip.conf" not in history


def test_base_trusts_what_debian_ships_and_no_more(engine, names):
    """The host's own authority is not in the image."""
    look = (
        "from pathlib import Path;"
        "found = Path('/etc/ssl/certs/ca-certificates.crt').read_text().count('BEGIN');"
        "listed = Path('/etc/ca-certificates.conf').read_text().split('\\nmozilla/')[1:];"
        "print(found == len(listed), found > 100)"
    )
    found = engine.short_lived.run(RunRequest(names["base"], ("python3", "-c", look)))

    assert found.stdout == "True True\n"


def test_agent_is_the_version_asked_for(engine, names):
    """It runs read-only and without capabilities, at the official image's path."""
    found = engine.short_lived.run(
        RunRequest(names["agent"], ("version",), entrypoint=("/go/bin/agent-linux",))
    )

    assert (0, "v1.62.0") == (
        found.exit_code,
        json.loads(found.stdout.splitlines()[-1])["gitVersion"],
    )


@pytest.mark.parametrize(("words", "fine"), [(("0",), True), ((), False), (("soon",), False)])
def test_agents_image_can_sleep(engine, names, words, fine):
    """For the preStop hook of a plain container; what is no time is refused with a usage."""
    found = engine.short_lived.run(RunRequest(names["agent"], words, entrypoint=("sleep",)))

    assert (fine, fine) == (found.exit_code == 0, not found.stderr)


def test_gateway_image_is_the_helper(engine, names):
    """Its entry point is the command."""
    assert engine.short_lived.run(RunRequest(names["gateway"], ("--version",))).stdout.startswith(
        "sidecar "
    )


@pytest.mark.parametrize("with_site", [True, False])
def test_compose_builds_from_a_clone_with_and_without_the_hosts_settings(
    checkout, names, compose, tmp_path, with_site
):
    """BuildKit takes the same Dockerfile; a fresh clone has no build/ folder."""
    for name in ("Dockerfile", ".dockerignore", *context_files(checkout)):
        if with_site or not name.startswith("build/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(checkout / name, tmp_path / name)
    build = {"context": ".", "target": "tools", "args": {"BASE": names["base"]}}
    service = {"image": "sidecar-kit-test/tools:1", "build": build}
    (tmp_path / "docker-compose.yml").write_text(json.dumps({"services": {"tools": service}}))

    assert 0 == compose.run(tmp_path, "build", "--quiet").returncode
    connect().images.remove(service["image"])


@only_stacks
def test_hosts_settings_are_in_no_layer_of_an_image(engine, checkout, names):
    """A password in pip's settings and a private authority do not leave the build stage."""
    canary = f"canary-{uuid.uuid4().hex}"
    host = host_site()
    site = replace(
        host, pip={**host.pip, "trusted-host": f"{canary}.example.com"}, go={"GOPROXY": canary}
    )
    build = KitBuild(checkout, "sample", "sidecar-kit-test/canary:1", names["base"], "inputs")

    build_kit_image(engine.images, build, site, lambda _line: None)

    try:
        saved = b"".join(engine.images._api.get_image(build.name))
        assert b"sample_service" in saved
        assert canary.encode() not in saved
    finally:
        engine.images.remove(build.name)
