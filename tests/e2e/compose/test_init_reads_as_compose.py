"""init's reading of Compose files against Compose's own. Needs Compose, but no engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
import yaml
from compose_deployment import sidecar

from sidecar.checkout import find_checkout

pytestmark = pytest.mark.e2e

FILES = find_checkout() / "tests/sidecar/init/compose"
CASES = sorted(
    path
    for path in FILES.glob("*/*compose.*")
    if "override" not in path.name and path.parent.name != "odd-values"
)
"""Compose refuses odd-values."""
KEPT_AS_TYPED = {"1e3": "1000"}
"""Compose rewrites a number; init keeps what was typed."""


@pytest.mark.parametrize("path", CASES, ids=[path.parent.name for path in CASES])
def test_what_is_taken_over_is_what_compose_reads(compose, tmp_path, path):
    """Image, build, command, variables, ports and limits of a proposed service are Compose's."""
    project = tmp_path / "project"
    shutil.copytree(path.parent, project)
    for name in (".env.prod", "app.env", "missing.yml"):  # Compose refuses a missing file
        (project / name).touch()
    with (project / ".env").open("a") as dotenv:
        dotenv.write("MISSING_IMAGE=registry.example.com/sentry:24.10.0\n")
    file = project / path.name
    if path.parent.name == "branches-extends":
        file.write_text(
            file.read_text().replace(
                "extends: {file: missing.yml, service: app}", "restart: always"
            )
        )
    out = project / "sidecar.yaml"
    done = sidecar("init", "--from", file, "--region", "eu-west-1", "--out", out)
    assert 0 == done.code, done.err
    read = config(compose, file)["services"]

    by_name = {name.replace("_", "-"): service for name, service in read.items()}
    for ours in yaml.safe_load(out.read_text())["services"]:
        assert [] == list(differences(ours, by_name[ours["name"]]))


def config(compose, file):
    """Return a file as Compose understands it, in an environment without variables."""
    argv = [*compose.program, "-f", str(file), "--profile", "*", "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "JWT_SECRET": "set"}
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def differences(ours, theirs):
    """Yield each setting of a proposed service that Compose reads differently."""
    pairs = {
        "image": (ours.get("image", theirs.get("image")), theirs.get("image")),
        "context": (
            ours.get("build", {}).get("context", "").strip("./"),
            theirs.get("build", {}).get("context", ""),
        ),
        "command": (
            ours.get("command"),
            [word.replace("$$", "$") for word in theirs.get("command") or ()],
        ),
        "memory": (ours.get("resources", {}).get("memory"), memory(theirs)),
        "volumes": (
            [volume.split(":")[1] for volume in ours.get("volumes", ())],
            [
                volume["target"]
                for volume in theirs.get("volumes", ())
                if volume["type"] in ("bind", "volume")
            ],
        ),
        **{
            name: (KEPT_AS_TYPED.get(value, value), theirs["environment"][name])
            for name, value in ours.get("environment", {}).items()
        },
    }
    for name, (mine, read) in pairs.items():
        same = read.endswith(mine) if name == "context" else mine in (None, read)
        if not same:
            yield name, mine, read
    if "publish" in ours and published(ours) not in ports(theirs):
        yield published(ours), ports(theirs)


def memory(service):
    """Return Compose's limit in MiB, as a spec writes it."""
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    limit = service.get("mem_limit") or limits.get("memory")
    return f"{int(limit) // 2**20}m" if limit else None


def published(service):
    """Return a spec's (container's port, host's port, address)."""
    host, _, port = str(service["publish"]).rpartition(":")
    return service["port"], port, host or "127.0.0.1"


def ports(service):
    """Return Compose's ports in the same form."""
    return [
        (port["target"], port.get("published"), port.get("host_ip", "0.0.0.0"))
        for port in service["ports"]
    ]
