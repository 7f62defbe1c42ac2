"""A spec's values reach a container's process unchanged, although Compose expands `$`."""

from __future__ import annotations

import json

import pytest
import yaml
from compose_deployment import DeployedFolder, deployed, sidecar

from sidecar.image_names import official

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(120)]

VALUES = [
    "$5",
    "$$",
    "$$$",
    "${HOME}",
    "${UNSET:-x}",
    "$(id)",
    "`id`",
    "a=b",
    "#",
    "'\"\\",
    "{{ x }}",
    "no",
    "\u4e2d \U0001f600",
]
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"


def test_arguments_and_variables_arrive_unchanged(engine, compose, images, tmp_path):
    """Dollars, quotes, braces, other scripts; the process itself tells what it got."""
    environment = {f"VALUE_{number}": value for number, value in enumerate(VALUES)}
    service = {
        "name": "web",
        "image": official().sample.name,
        "command": ["python", "-c", SHOW, *VALUES],
        "environment": environment,
    }
    spec, folder = tmp_path / "sidecar.yaml", tmp_path / "out"
    spec.write_text(yaml.safe_dump({"region": "local", "services": [service]}))
    assert 0 == sidecar("render", "--file", spec, "--out", folder).code
    with deployed(DeployedFolder(folder, engine, compose, images)) as deployment:
        deployment.set()
        shown = deployment.run("run", "--rm", "--no-deps", "--no-TTY", "web").stdout

    arguments, variables = json.loads(shown.splitlines()[-1])
    assert VALUES == arguments
    assert environment == {name: variables.get(name) for name in environment}
