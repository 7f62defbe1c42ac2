"""Bad disks under the real collector: verify names each, and the documented way out works."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager, suppress

import docker
import grpc
import pytest
from _require import only_stacks
from compose_deployment import DeployedFolder, deployed, sidecar, wait_for
from otlp_spans import EXPORT, build_export

from sidecar.checkout import find_checkout
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.secrecy import child_environment
from sidecar.verify.network.reader import read_gateway

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("compose"),
    pytest.mark.timeout(400),
    only_stacks,
]

SPEC = "region: local\nagent: {kind: collector}\n"
WRONG = "wrong@0123456789abcde_wrong@53df7ad2afe8301"
AGENT, SPANS = "backend-agent", 100
VOLUME = f"  {AGENT}-queue: {{}}"
MOUNT = f'source: {AGENT}-queue, target: "/var/lib/otelcol"'
SMALL = 'driver_opts: {type: tmpfs, device: tmpfs, o: "size=1m,uid=10001,gid=10001"}'
QUEUE = "exporter_otlp_grpc__traces"
DAMAGE = f"open('/queue/{QUEUE}', 'wb').write(b'damaged' * 10_000)"
SET_ASIDE = "print(open('/queue/damaged', 'rb').read() == b'damaged' * 10_000)"


@pytest.fixture
def start(engine, compose, collector_images, tmp_path):
    """Start the sample with collectors; a text of its Compose file is replaced before."""

    @contextmanager
    def started(old="", new=""):
        (tmp_path / "sidecar.yaml").write_text(SPEC)
        done = sidecar("render", "--file", tmp_path / "sidecar.yaml", "--out", tmp_path)
        assert 0 == done.code, done.err
        replace(tmp_path / "docker-compose.yml", old, new)
        with deployed(DeployedFolder(tmp_path, engine, compose, collector_images)) as deployment:
            deployment.set(SIDECAR_TOKEN_FOLDER=str(tmp_path / "secrets" / "forwarder"))
            set_token(tmp_path, LOCAL_TOKEN)
            deployment.run("up", "--detach", "--no-build", "--pull=never")
            wait_for(lambda: ready(deployment), bool, 60)
            yield deployment

    return started


def replace(path, old, new):
    """Replace a text that is in a file once."""
    text = path.read_text()
    assert not old or 1 == text.count(old)
    path.write_text(text.replace(old, new) if old else text)


def set_token(folder, token):
    """Set the forwarder's token."""
    file = folder / "token.txt"
    file.write_text(token)
    file.chmod(0o600)
    assert 0 == sidecar("token", "set", "--out", folder, "--file", file).code


def ready(deployment):
    """Tell whether the frontend answers."""
    with suppress(OSError):
        return bool(deployment.greet())
    return False


def fill(deployment):
    """Send calls to the backend's collector until some are refused; return how many were taken."""
    networks = deployment.inspect(AGENT)["NetworkSettings"]["Networks"].values()
    address = next(network["IPAddress"] for network in networks)
    taken, refused = 0, 0
    with grpc.insecure_channel(f"{address}:4317") as channel:
        while refused < 3:
            trace = (taken + 1).to_bytes(16, "big")
            raw = build_export(SPANS, marker="m", trace_id=trace).SerializeToString()
            try:
                channel.unary_unary(EXPORT)(raw, timeout=30)
                taken += 1
            except grpc.RpcError:
                refused += 1
            assert taken < 1000, "the disk never fills"
    return taken


def ids(deployment, *options):
    """Return the ids of what verify finds, and its run."""
    done = deployment.verify("--output=json", *options)
    report = done.report
    found = [*report["hops"], *report.get("warnings", ())]
    return {each["id"] for each in found if each.get("id")}, done


def test_a_full_disk_is_named(start):
    """What comes is refused and counted; what waits arrives once the token is right."""
    with start(VOLUME, f"  {AGENT}-queue: {{{SMALL}}}") as deployment:
        set_token(deployment.folder, WRONG)
        taken = fill(deployment)
        found, done = ids(deployment, "--seconds=3", "--spans=200")

        assert "collector-disk-full" in found, done.out
        assert taken
        set_token(deployment.folder, LOCAL_TOKEN)
        total = SPANS * taken
        arrived = wait_for(lambda: distinct(deployment), lambda spans: spans >= total, 90)
        assert total == arrived


def test_a_start_with_a_full_disk_is_told(start):
    """What it could not put back into the queue is lost: only the log says so, and verify."""
    with start(VOLUME, f"  {AGENT}-queue: {{{SMALL}}}") as deployment, held(deployment):
        set_token(deployment.folder, WRONG)
        fill(deployment)
        process = deployment.process(AGENT)
        os.kill(process, signal.SIGKILL)
        pid = wait_for(
            lambda: deployment.inspect(AGENT)["State"]["Pid"],
            lambda found: found not in (0, process),
            60,
        )
        found, done = ids(deployment, "--seconds=3", "--spans=200")

    assert pid not in (0, process)
    assert "collector-lost-queued-spans" in found, done.out


@contextmanager
def held(deployment):
    """Keep a volume in memory while its collector is away: it is unmounted with its last user."""
    volumes = {f"{deployment.project}_{AGENT}-queue": {"bind": "/queue", "mode": "ro"}}
    image = deployment.inspect("gateway")["Config"]["Image"]
    options = {"entrypoint": "python", "volumes": volumes, "detach": True}
    stays = "import time; time.sleep(600)"
    holder = docker.from_env().containers.run(image, ["-c", stays], **options)
    try:
        yield
    finally:
        holder.remove(force=True)


def distinct(deployment):
    """Return how many of the spans that were taken have arrived."""
    with suppress(OSError):
        return read_gateway(deployment.page, "m").distinct
    return -1


def test_a_volume_that_is_read_only_is_named(start):
    """The collector does not start."""
    with start(MOUNT, f"{MOUNT}, read_only: true") as deployment:
        found, done = ids(deployment, "--seconds=3")

    assert "collector-queue-not-writable" in found, done.out


def test_a_damaged_file_is_named_and_set_aside_by_the_documented_commands(start):
    """As written, but for the two names in them; then every span arrives again."""
    with start() as deployment:
        volume = f"{deployment.project}_{AGENT}-queue"
        image = deployment.inspect("gateway")["Config"]["Image"]
        deployment.run("stop", "--timeout=5", AGENT)
        inside(image, volume, DAMAGE)
        deployment.run("start", AGENT)
        found, done = ids(deployment, "--seconds=3")
        assert "collector-queue-damaged" in found, done.out

        ran = subprocess.run(
            ["sh", "-e", "-c", documented(volume, image)],
            cwd=deployment.folder,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=120,
        )
        assert 0 == ran.returncode, ran.stderr
        again = wait_for(lambda: ids(deployment), lambda made: not made[0], 60)[1]
        kept = inside(image, volume, SET_ASIDE)

    assert 0 == again.code, again.out
    assert b"True" == kept.strip()


def inside(image, volume, code):
    """Run Python with the volume of a queue; return what it printed."""
    volumes = {volume: {"bind": "/queue", "mode": "rw"}}
    made = docker.from_env().containers
    return made.run(
        image, ["-c", code], entrypoint="python", volumes=volumes, user="0", remove=True
    )


def documented(volume, image):
    """Return the commands of the documentation with the names of this deployment."""
    text = (find_checkout() / "docs" / "collector.md").read_text()
    (block,) = re.findall(r"```sh\n(volume=.*?)```", text, re.DOTALL)
    names = {"volume": volume, "image": image}
    for name, value in names.items():
        block, count = re.subn(rf"(?m)^{name}=\S+.*$", f"{name}={value}", block)
        assert 1 == count
    return block
