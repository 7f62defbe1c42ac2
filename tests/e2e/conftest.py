"""What end-to-end tests run on: an engine, Compose, the kit's images, the agent's program."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
from _require import lack
from collector_process import pack
from programs import find_program

from sidecar.checkout import find_checkout
from sidecar.engine.client import connect
from sidecar.errors import SidecarError
from sidecar.image_names import BUILT_BASE, built_agent, built_collector
from sidecar.rules import collectors
from sidecar.secrecy import child_environment

IMAGES_SECONDS = 900
IMAGE = re.compile("SIDECAR_[A-Z]+_IMAGE")


@pytest.fixture(scope="session")
def checkout():
    """The kit's own checkout."""
    return find_checkout()


@pytest.fixture(scope="session")
def engine():
    """The engine that `docker` would use."""
    try:
        return connect()
    except SidecarError as error:
        return lack("docker", str(error))


@pytest.fixture(scope="session")
def images(engine, tmp_path_factory):
    """Return the folder whose .env names the kit's images; the first worker obtains them.

    E2E_IMAGES=present uses those that the engine has, for work on tests while sources change;
    SIDECAR_GATEWAY_IMAGE and its like name others.
    """
    folder = tmp_path_factory.mktemp("images")
    if os.environ.get("E2E_IMAGES") == "present":
        names = {"SIDECAR_AGENT_IMAGE": built_agent(), "SIDECAR_BASE_IMAGE": BUILT_BASE}
        names |= {"SIDECAR_COLLECTOR_IMAGE": built_collector(collectors.DEFAULT_VERSION)}
        names |= {name: value for name, value in os.environ.items() if IMAGE.fullmatch(name)}
        lines = [f"{name}={value}\n" for name, value in names.items()]
        (folder / ".env").write_text("".join(lines))
        return folder
    _obtain(folder, tmp_path_factory)
    return folder


@pytest.fixture(scope="session")
def collector_images(engine, images, tmp_path_factory):
    """Return the folder whose .env names the collector's image, too.

    Its program is that on PATH, if there is one: a build takes minutes (`make stacks` makes one).
    """
    if os.environ.get("E2E_IMAGES") == "present":
        return images
    program = find_program("otelcol")
    if program is None:
        _obtain(images, tmp_path_factory, "--agent-kind", "collector")
        return images
    with one_at_a_time(tmp_path_factory, "images"):
        name = pack(engine, program)
    with (images / ".env").open("a") as file:
        file.write(f"SIDECAR_COLLECTOR_IMAGE={name}\n")
    return images


def _obtain(folder, factory, *options):
    with one_at_a_time(factory, "images"):
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", "images", "--out", str(folder), *options],
            check=False,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=IMAGES_SECONDS,
        )
    if done.returncode:
        why = done.stderr.partition("sidecar: ")[2].strip() or done.stderr[-500:]
        lack("docker", f"the images cannot be had: {why}")
    (folder / ".env").touch()


@pytest.fixture(scope="session")
def agent_binary():
    """The real jaeger-agent as a program."""
    return find_program("jaeger-agent") or lack("agent", "jaeger-agent is not on PATH")


@pytest.fixture(scope="session")
def collector_binary():
    """The real OpenTelemetry Collector as a program."""
    return find_program("otelcol") or lack("collector", "otelcol is not on PATH")


@contextmanager
def one_at_a_time(factory, name):
    """Hold a lock that all workers of one run share."""
    shared = (
        factory.getbasetemp().parent
        if "PYTEST_XDIST_WORKER" in os.environ
        else factory.getbasetemp()
    )
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
