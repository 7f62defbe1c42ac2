"""The kit's reading of Compose files against Compose's own. Needs Compose, but no engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sidecar.existing.compose.files import compose_files
from sidecar.existing.compose.load import is_rendering, load_all

pytestmark = pytest.mark.e2e

SHAPES = Path(__file__).parents[2] / "golden/inject/compose"
INDEX = (SHAPES / "README.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([a-z-]+) \| .* \| `(.*)` \|$", INDEX, re.MULTILINE))


@pytest.mark.parametrize("name", ROWS)
def test_a_stack_is_read_as_compose_reads_it(compose, tmp_path, name):
    """Images, commands, variables, ports, limits and networks of each service are Compose's."""
    shutil.copytree(SHAPES / name, tmp_path / "stack")
    paths = [tmp_path / "stack" / word for word in ROWS[name].split()]
    found = compose_files(
        [path for path in paths if path.exists() and path.name != "sidecar.yaml"], {}
    )
    files = [path for path in found if not is_rendering(path)]

    ours, theirs = load_all(files).services, config(compose, files)["services"]

    assert set(theirs) == set(ours)
    differences = {service: list(different(own, theirs[service])) for service, own in ours.items()}
    assert {} == {service: each for service, each in differences.items() if each}


def config(compose, files):
    """Return files as Compose understands them, in an environment without variables."""
    named = [word for path in files for word in ("-f", str(path))]
    argv = [*compose.program, *named, "--profile", "*", "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def different(ours, theirs):
    """Yield each setting of a service that Compose reads differently."""
    environment = theirs.get("environment") or {}
    limits = theirs.get("deploy", {}).get("resources", {}).get("limits", {})
    memory = theirs.get("mem_limit") or limits.get("memory") or 0
    command = [word.replace("$$", "$") for word in theirs.get("command") or ()]
    pairs = {
        "image": (ours.image and ours.image.text, theirs.get("image")),
        "command": ([word.text for word in ours.command], command),
        "memory": (ours.memory_mib or 0, int(memory) // 2**20),
        "ports": (sorted(map(port, ours.ports)), sorted(map(their_port, theirs.get("ports", ())))),
        "networks": (set(ours.networks or ["default"]), set(theirs.get("networks") or ["default"])),
        # Compose adds what links and network_mode imply
        "depends_on": (set(), ours.dependencies.keys() - (theirs.get("depends_on") or {}).keys()),
        **{
            name: (text.text, (environment.get(name) or "").replace("$$", "$"))
            for name, text in ours.environment.items()
            if text.complete
        },
    }
    yield from ((name, mine, read) for name, (mine, read) in pairs.items() if mine != read)


def port(given):
    """Return the kit's (container's port, host's port, address)."""
    return given.target, str(given.published or ""), given.host


def their_port(given):
    """Return Compose's, in the same form."""
    return given["target"], given.get("published", ""), given.get("host_ip", "")
