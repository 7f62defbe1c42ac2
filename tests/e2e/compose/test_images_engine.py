"""The port on a real engine: short-lived containers, Compose projects, builds that fail."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import uuid

import pytest
from waiting import wait_until

from sidecar import image_names
from sidecar.engine.errors import BuildFailedError, EngineError, RunTimeoutError
from sidecar.engine.images import BuildRequest
from sidecar.engine.short_lived import RunRequest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("images")]


@pytest.fixture(scope="module")
def base(images):
    """The base image's name."""
    lines = dict(line.split("=", 1) for line in (images / ".env").read_text().splitlines())
    return lines.get(image_names.BASE_VARIABLE, image_names.OFFICIAL_BASE)


@pytest.fixture
def project(engine, compose, base, tmp_path):
    """A running project of one service, removed afterwards."""
    name = f"sidecar-test-{uuid.uuid4().hex[:8]}"
    loop = "import time\nprint('hello', flush=True)\nwhile True: time.sleep(1)"
    service = {"image": base, "command": ["python3", "-c", loop], "init": True}
    (tmp_path / "docker-compose.yml").write_text(
        json.dumps({"name": name, "services": {"one": service}})
    )
    compose.run(tmp_path, "up", "--detach")
    yield name
    compose.run(tmp_path, "down", "--timeout", "1")


def test_short_lived_container_answers_and_is_gone(engine, base):
    """Exit code, both streams; without rights to write or to become another user."""
    script = (
        "echo out; echo err >&2; touch /x 2>/dev/null || echo read-only;"
        "grep CapEff /proc/self/status; exit 3"
    )

    found = engine.short_lived.run(RunRequest(base, ("sh", "-c", script), user="10001"))

    assert (3, "err\n") == (found.exit_code, found.stderr)
    assert found.stdout.split() == ["out", "read-only", "CapEff:", "0000000000000000"]


def test_environment_reaches_a_short_lived_container(engine, base):
    """For settings, never for a token."""
    found = engine.short_lived.run(RunRequest(base, ("printenv", "A"), environment={"A": "b"}))

    assert found.stdout == "b\n"


def test_short_lived_container_that_does_not_end_is_removed(engine, base):
    """The bound is kept on a real engine as well."""
    with pytest.raises(RunTimeoutError):
        engine.short_lived.run(RunRequest(base, ("sleep", "60"), seconds=1))


def test_project_is_listed_read_and_removed(engine, project):
    """Everything that verify and rotation do to a project's containers."""
    (found,) = engine.containers.of_project(project)
    assert ("one", "running", "") == (found.service, found.status, found.health)
    assert [] == engine.containers.of_project(project, "two")
    assert engine.containers.inspect(found.identity)["State"]["Running"]
    wait_until(lambda: "hello" in engine.containers.logs(found.identity), 20)

    engine.containers.remove(found.identity, grace=1)
    assert [] == engine.containers.of_project(project)
    with pytest.raises(EngineError, match="No such container"):
        engine.containers.logs(found.identity)


def test_container_in_anothers_network_sees_its_loopback(engine, base, project):
    """How counters are read of an agent that has no shell."""
    (found,) = engine.containers.of_project(project)
    look = "import os; print(os.readlink('/proc/self/ns/net'))"
    inside = subprocess.check_output(
        ["docker", "exec", found.identity, "python3", "-c", look], text=True
    )

    shared = engine.short_lived.run(
        RunRequest(base, ("python3", "-c", look), network_mode=f"container:{found.identity}")
    )

    assert inside == shared.stdout


def test_failed_step_of_a_real_build_is_shown(engine, base):
    """The step, the exit code and what the step printed."""
    dockerfile = f"FROM {base}\nRUN echo why; exit 9\n".encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        archive.addfile(entry, io.BytesIO(dockerfile))
    stream.seek(0)

    with pytest.raises(
        BuildFailedError, match=r"(?s)Step 2/2 : RUN echo why; exit 9 failed: .*code: 9.*why"
    ):
        engine.images.build(BuildRequest("sidecar-kit-test/fails:1", stream, network_mode="none"))
