"""The units under a real systemd: it is PID 1 of a container, with the kit and a stand-in in it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from _require import only_stacks

from sidecar import image_names

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("compose"),
    pytest.mark.timeout(600),
    only_stacks,
]

TOKEN = "canary0@0f0f0f0f_canary0@1e1e1e1e"
IMAGE = "sidecar-kit/e2e-systemd"
DOCKERFILE = """
FROM {base}
USER 0
RUN apt-get update && apt-get install --yes --no-install-recommends systemd
"""
# as on a host, where mounts are shared: systemd puts credentials into their folders by that
BOOT = "mount --make-rshared / && exec /lib/systemd/systemd"
PORTS = "{jaeger-grpc: 1883, otlp-grpc: 8090}"
REGIONS = f"regions:\n- {{id: here, name: Here, public: 127.0.0.1, ports: {PORTS}}}\n"
FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
FIND = "find /etc /usr/local /var/lib -name 'sidecar-agent*' -o -name 'sidecar-forwarder*'"
SPANS = 200
SECONDS = 60


class Host:
    """A container that runs systemd; `folder` is /host in it."""

    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.name = f"sidecar-e2e-systemd-{uuid.uuid4().hex[:8]}"

    def boot(self):
        """Start it, and wait until all units that it has by itself run."""
        # --privileged asks for all rights, and fails where the engine itself has not all
        rights = ("--cap-add=ALL", "--cap-drop=SYS_RESOURCE")
        unconfined = ("--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")
        named = Path("/sys/fs/cgroup/systemd")
        cgroups = named if named.is_dir() else named.parent
        docker(
            *("run", "--detach", "--name", self.name, *rights, *unconfined),
            *("--tmpfs=/run", "--tmpfs=/tmp", "--cgroupns=private", "--env=container=docker"),
            *(f"--volume={cgroups}:{cgroups}", f"--volume={self.folder}:/host"),
            *(f"--volume={self.programs}:/programs:ro", "--entrypoint=sh", IMAGE, "-c", BOOT),
        )
        wait_until(lambda: self.answer("systemctl is-system-running") in ("running", "degraded"))

    def run(self, command, check=True):
        """Run a shell's line as root; return what it printed."""
        done = docker("exec", "--workdir=/host", self.name, "sh", "-c", command, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def answer(self, command):
        """Return what a command prints, whether it ends well or not."""
        return self.run(command, check=False).strip()

    def send(self, marker):
        """Send marked spans as a service of this host does."""
        self.run(
            f"python -m sidecar_tracing.probe --service web --spans {SPANS} --marker {marker}"
            " --agent 127.0.0.1:6831"
        )

    def received(self, marker):
        """Return how many spans with this marker the stand-in has."""
        url = f"http://127.0.0.1:16686/api/markers/{marker}"
        text = self.answer(f"python -c {shlex.quote(FETCH)} {url}")
        return json.loads(text)["accepted"] if text else 0

    def start_gateway(self):
        """Start the stand-in as a unit."""
        self.run(
            "systemd-run --quiet --unit=stand-in sidecar gateway --grpc=127.0.0.1:1883"
            " --otlp=127.0.0.1:8090 --token-file=/host/out/secrets/agent.yaml"
        )
        wait_until(lambda: self.answer("sidecar gateway --probe && echo yes").endswith("yes"))


def docker(*arguments, check=True, **options):
    """Run the engine's client."""
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=check, **options
    )


def wait_until(is_so, seconds=SECONDS):
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.3)


@pytest.fixture(scope="module", name="host_image")
def build_host_image(engine, images):
    """The tools' image with systemd; nothing of it is left in the engine's registry."""
    lines = dict(line.split("=", 1) for line in (images / ".env").read_text().splitlines())
    base = lines.get("SIDECAR_GATEWAY_IMAGE", image_names.official().gateway.name)
    docker("build", "--tag", IMAGE, "-", input=DOCKERFILE.format(base=base))
    yield
    docker("image", "rm", "--force", IMAGE)


@pytest.fixture
def boot(host_image, execute, tmp_path, agent_binary, collector_binary):
    """Return a function that boots a host with a kind's rendering in /host/out and its token."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in (agent_binary, collector_binary):
        shutil.copy(program, programs)
    started = []

    def start(kind):
        folder = tmp_path / "host"
        folder.mkdir()
        (folder / "regions.yaml").write_text(REGIONS)
        (folder / "sidecar.yaml").write_text(f"region: here\nagent: {{kind: {kind}}}\n")
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        flags = ("--regions", folder / "regions.yaml", "--file", folder / "sidecar.yaml")
        out = ("--out", folder / "out")
        assert 0 == execute("render", *flags, *out, "--target", "systemd").code
        assert 0 == execute("token", "set", *out, "--file", folder / "token").code
        host = Host(folder, programs)
        started.append(host)
        host.boot()
        return host

    yield start
    for host in started:
        docker("rm", "--force", host.name)


def test_an_agents_unit_delivers_comes_back_and_leaves_nothing(boot) -> None:
    """After install.sh, after SIGKILL, and gone after remove.sh; the token is no argument."""
    host = boot("jaeger-agent")
    host.start_gateway()
    said = host.run("sh out/systemd/install.sh --program /programs/jaeger-agent")
    host.send("first")
    wait_until(lambda: host.received("first") == SPANS)
    host.run("systemctl kill --signal=KILL sidecar-agent")
    wait_until(lambda: host.answer("systemctl show --property=NRestarts sidecar-agent")[-1] == "1")
    wait_until(lambda: host.answer("systemctl is-active sidecar-agent") == "active")
    host.send("second")
    wait_until(lambda: host.received("second") == SPANS)

    assert "sidecar-agent: runs, and sends to 127.0.0.1:1883\n" in said
    assert TOKEN not in host.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl")
    host.run("sh out/systemd/remove.sh")
    assert "" == host.run(FIND)


def test_a_collectors_units_lose_nothing_in_an_outage(boot) -> None:
    """Neither while its gateway is away, nor by SIGKILL; a new token needs no second thought."""
    host = boot("collector")
    flags = "--program /programs/otelcol --python /venv/bin/python"
    said = host.run(f"sh out/systemd/install.sh {flags}")
    host.send("outage")
    wait_until(lambda: "sidecar-agent" in host.run("ls /var/lib/private"))
    host.run("systemctl kill --signal=KILL sidecar-agent sidecar-forwarder")
    host.start_gateway()
    wait_until(lambda: host.received("outage") == SPANS)
    again = host.run(f"sh out/systemd/install.sh {flags}")
    host.send("again")
    wait_until(lambda: host.received("again") == SPANS)

    assert said == again
    assert "sidecar-agent: runs, and sends to 127.0.0.1:8090\n" in said
    assert TOKEN not in host.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; journalctl")
    assert "The queue is still in" in host.run("sh out/systemd/remove.sh")
    assert "/var/lib/private/sidecar-agent\n" in host.run(FIND)
    host.run("sh out/systemd/remove.sh --queue")
    assert "" == host.run(FIND)
