"""What commands leave that are killed while they look into a deployment."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from compose_deployment import wait_for

from sidecar.engine import short_lived as module
from sidecar.secrecy import child_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]


def short_lived(project):
    """Return the names of the project's short-lived containers, ended ones included."""
    labels = [f"label={module.LOOKED_INTO_LABEL}={project}", f"label={module.SHORT_LIVED_LABEL}"]
    filters = [word for label in labels for word in ("--filter", label)]
    listed = subprocess.run(
        ["docker", "ps", "--all", "--format={{.Names}} {{.State}}", *filters],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.split() for line in listed.stdout.splitlines())


_LOOK = """\
import sys
from sidecar.engine.client import connect
from sidecar.engine.short_lived import RunRequest
argv = ("-c", "import time; time.sleep(3)")
request = RunRequest(sys.argv[1], argv, ("python",), f"container:{sys.argv[2]}")
connect().short_lived.run(request)
"""


def test_containers_of_a_killed_command_are_removed_once_they_have_ended(deployment, monkeypatch):
    """By the next command; one that has just ended may still be read."""
    image = deployment.container("gateway").image
    command = [sys.executable, "-c", _LOOK, image, deployment.container("frontend").identity]
    with subprocess.Popen(command, env=child_environment()) as look:
        wait_for(lambda: short_lived(deployment.project), lambda found: "running" in found.values())
        look.send_signal(signal.SIGKILL)
    (left,) = wait_for(
        lambda: short_lived(deployment.project), lambda found: "exited" in found.values(), 60
    )

    assert [] == deployment.engine.short_lived.sweep(deployment.project)
    monkeypatch.setattr(module, "_LEFT_BEHIND_SECONDS", -5.0)
    assert [left] == deployment.engine.short_lived.sweep(deployment.project)
    assert {} == short_lived(deployment.project)
