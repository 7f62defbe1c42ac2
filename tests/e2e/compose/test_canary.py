"""A token that is nowhere else: it must be found in its own file, and nowhere else."""

from __future__ import annotations

import gzip
import json
import secrets
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from compose_deployment import deployed, sidecar

from sidecar.engine.short_lived import RunRequest

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("compose"), pytest.mark.timeout(300)]

SERVICES = ("frontend", "backend", "frontend-agent", "backend-agent", "gateway")
ADMIN_PATHS = ("/metrics", "/debug/vars", "/debug/pprof/cmdline", "/")
PAGES = (
    "/",
    "/live",
    "/?service=frontend&tag=Authentication%3D***",
    "/metrics",
    "/api/services",
    "/api/counters",
    "/api/traces?service=frontend",
    "/trace/{id}",
    "/api/traces/{id}",
)
READ = """
import sys, urllib.request
for path in sys.argv[2:]:
    answer = urllib.request.urlopen(f"http://{sys.argv[1]}:14271{path}", timeout=5)
    print(answer.read().decode(errors="replace"))
"""


class Canary:
    """A token of the usual shape; found as a whole or by its last part."""

    def __init__(self):
        self.part = secrets.token_hex(12)
        self.token = f"canary@{secrets.token_hex(8)}_canary@{self.part}"

    def is_in(self, text):
        """Tell whether text or bytes hold the token."""
        return (self.part.encode() if isinstance(text, bytes) else self.part) in text


def processes_with(canary):
    """Return the processes of this machine whose arguments or environment hold the token."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        # a process may end while it is looked at; another user's environment cannot be read
        with suppress(OSError):
            found += [folder.name] if canary.is_in((folder / "cmdline").read_bytes()) else []
            found += [folder.name] if canary.is_in((folder / "environ").read_bytes()) else []
    return found


@contextmanager
def watched_processes(canary):
    """Look at all processes of this machine repeatedly during a block; yield what is found."""
    found, looks, stopping = [], [], threading.Event()

    def look():
        while not stopping.wait(0.02):
            found.extend(processes_with(canary))
            looks.append(1)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stopping.set()
        thread.join()
    assert looks


def content(path):
    """Return what is in a file, also in an archive."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def set_token(folder, canary):
    """Put the token into a rendered folder, over standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "token", "set", "--stdin", "--out", str(folder)],
        check=True,
        capture_output=True,
        text=True,
        input=f"Authentication={canary.token}\n",
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def canary():
    """The token of this module's deployments."""
    return Canary()


@pytest.fixture(scope="module")
def started(new_deployment, canary):
    """Return the deployment with the canary, the output, and the processes with the token."""
    with deployed(new_deployment("canary")) as local, watched_processes(canary) as seen:
        rendering = local.folder / "docker-compose.yml"
        rendering.write_text(
            rendering.read_text().replace("file: ./local-agent.yaml", "file: ./secrets/agent.yaml")
        )
        printed = [set_token(local.folder, canary)]
        local.set(SIDECAR_TOKEN_FILE="./secrets/agent.yaml")
        done = local.run(
            "up", "--detach", "--wait", "--wait-timeout=120", "--no-build", "--pull=never"
        )
        kept = ("--bundle", local.folder / "bundle.tar.gz", "--junit", local.folder / "proof.xml")
        verified = local.verify("--spans", "20", *kept)
        status = local.verify("--status")
        printed.extend((done.stdout, done.stderr, verified.out, verified.err, status.out))
        yield local, printed, list(seen)


@pytest.fixture
def deployment(started):
    """The running deployment."""
    return started[0]


def test_the_agents_have_it(deployment, canary):
    """The canary is used: it is in its file, and the stand-in accepted spans with it."""
    assert canary.token in (deployment.folder / "secrets/agent.yaml").read_text()
    assert 40 <= deployment.counters()["spans"]["accepted"]


def test_no_other_file_holds_it(deployment, canary):
    """Of the rendered folder only the two forms of the token hold it."""
    holders = {
        path.relative_to(deployment.folder).as_posix()
        for path in deployment.folder.rglob("*")
        if path.is_file() and canary.is_in(content(path))
    }

    assert {"secrets/agent.yaml", "secrets/forwarder/token"} == holders
    assert (deployment.folder / "bundle.tar.gz").is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_the_engine_does_not_show_it(deployment, canary, service):
    """Neither the container, its image, the image's history nor the container's log holds it."""
    data = deployment.inspect(service)
    engine = deployment.engine
    shown = [
        json.dumps(data),
        json.dumps(dict(engine.images.find(data["Config"]["Image"]).labels)),
        *engine.images.history(data["Config"]["Image"]),
        engine.containers.logs(data["Id"]),
    ]

    assert [] == [text for text in shown if canary.is_in(text)]


def test_no_process_has_it_in_arguments_or_environment(started, canary):
    """No process has the canary while the token is set, the deployment starts and verify runs."""
    deployment, _, seen = started
    deployment.process("frontend-agent")

    assert [] == seen
    assert [] == processes_with(canary)


def test_the_admin_port_does_not_show_it(deployment, canary):
    """The agent's metrics, variables and command line do not contain the canary."""
    request = RunRequest(
        deployment.inspect("gateway")["Config"]["Image"],
        ("-c", READ, "frontend-agent", *ADMIN_PATHS),
        entrypoint=("python",),
        network_mode=f"container:{deployment.container('frontend').identity}",
    )
    answer = deployment.engine.short_lived.run(request)

    assert 0 == answer.exit_code, answer.stderr
    assert "--config-file=/run/secrets/agent.yaml" in answer.stdout
    assert not canary.is_in(answer.stdout)


def test_the_stand_in_does_not_show_it(deployment, canary):
    """Neither API, metrics nor page of the stand-in hold it, though the traces carry it."""
    trace_id = deployment.greet()
    assert deployment.trace(trace_id)
    texts = [
        requests.get(deployment.page + path.format(id=trace_id), timeout=5).text for path in PAGES
    ]

    assert any("***" in text for text in texts)
    assert [] == [text for text in texts if canary.is_in(text)]


def test_no_message_holds_it(started, canary):
    """Nothing that the kit or Compose printed holds it."""
    printed = started[1]

    assert "proven: every" in "".join(printed)
    assert [] == [text for text in printed if canary.is_in(text)]


@pytest.mark.parametrize("spoiled", ["{},{}", "{} {}", "{}\n{}", "{}\x00"])
def test_no_error_message_holds_it(canary, tmp_path, spoiled):
    """A token that cannot be used is refused without being repeated, and nothing is written."""
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "token", "set", "--stdin", "--out", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        input=spoiled.format(canary.token, canary.token),
    )

    assert 1 == done.returncode
    assert not canary.is_in(done.stdout + done.stderr)
    assert [] == list(tmp_path.rglob("agent*"))


def test_a_regions_own_folder(canary, new_deployment, tmp_path):
    """If a region's gateway does not resolve, verify reports it without showing a token."""
    (tmp_path / "regions.yaml").write_text(
        "regions: [{id: cn-shenzhen, public: gateway.invalid}]\n"
    )
    region = new_deployment("region")
    own = ("--regions", tmp_path / "regions.yaml")
    rendered = sidecar("render", "--region", "cn-shenzhen", *own, "--out", region.folder)
    assert 0 == rendered.code, rendered.err
    printed = [set_token(region.folder, canary)]
    with deployed(region):
        region.set()
        region.up()
        hops, done = region.hops("--spans", "20", "--seconds", "12")
        failure = next(hop for hop in hops.values() if hop["ok"] is False)
        logs = [
            region.engine.containers.logs(region.container(name).identity) for name in SERVICES[:-1]
        ]
        inspected = [json.dumps(region.inspect(name)) for name in SERVICES[:-1]]

    assert (1, "agent submitted") == (done.code, failure["hop"])
    assert "the gateway's name does not resolve" in failure["cause"]
    assert hops["frontend", "gateway accepted"]["ok"] is None
    assert [] == [
        text for text in (*printed, *logs, *inspected, done.out, done.err) if canary.is_in(text)
    ]
