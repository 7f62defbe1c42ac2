"""The demo on a machine without an engine: plain processes, started from a small checkout."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import requests

from sidecar.secrecy import child_environment

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("demo"), pytest.mark.timeout(120)]

STATE = "build/demo/processes.json"
CHECKOUT = Path(__file__).parents[3]


class Demo:
    """Runs the kit's command from a checkout, where no engine answers."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("sidecar", "sample_service"):
            shutil.copytree(CHECKOUT / name, folder / name)
        for name in ("Dockerfile", "local-agent.yaml"):
            shutil.copy(CHECKOUT / name, folder)
        nowhere = {
            "DOCKER_HOST": f"unix://{folder}/no-engine.sock",
            "http_proxy": "http://127.0.0.1:9",
        }
        self._environment = {**child_environment(), **nowhere}

    def on_path(self, folder):
        """Let commands find the programs of a folder."""
        self._environment["PATH"] = f"{folder}:{self._environment['PATH']}"

    def popen(self, *arguments, cwd=None):
        """Start a command, in the checkout or in another folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "sidecar", *arguments],
            cwd=cwd or self.folder,
            env={**self._environment, "PYTHONPATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, cwd=None):
        """Run a command; return exit code, output and messages."""
        process = self.popen(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=90)
        return process.returncode, out, err

    def up(self):
        """Start a demo that proves itself."""
        code, out, err = self.run("demo", "--target", "process")
        assert 0 == code, out + err

    def state(self):
        """Return what runs, as the state file tells it; None where there is no such file."""
        with suppress(FileNotFoundError):
            return json.loads((self.folder / STATE).read_text())
        return None

    def processes(self):
        """Return every process that was started for this folder, whatever a state file says."""
        own = str(self.folder / "build/demo/logs")
        return [process for process in psutil.process_iter() if _writes_to(process, own)]


def _writes_to(process, folder):
    try:
        return str(Path(f"/proc/{process.pid}/fd/1").readlink()).startswith(folder)
    except OSError:
        return False


@contextmanager
def held(port, kind):
    """Listen on a port of loopback; where somebody else does so already, it is held as well."""
    with socket.socket(socket.AF_INET, kind) as listener:
        with suppress(OSError):
            listener.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM)
            )
            listener.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                listener.listen()
        yield


@pytest.fixture
def demo(tmp_path):
    """A checkout whose demo is stopped after the test."""
    found = Demo(tmp_path / "kit")
    yield found
    found.run("demo", "--down")
    for process in found.processes():
        process.kill()


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A demo that runs, with what it printed; its usual ports were taken."""
    running = Demo(tmp_path_factory.mktemp("demo"))
    try:
        with (
            held(8080, socket.SOCK_STREAM),
            held(16686, socket.SOCK_STREAM),
            held(6831, socket.SOCK_DGRAM),
        ):
            done = running.run("demo")
        yield running, done
    finally:
        running.run("demo", "--down")


def test_it_falls_to_processes_and_says_so(started):
    """Without an engine the demo uses processes, says why, and says that no agent is in between."""
    _, (code, out, err) = started

    assert 0 == code
    assert "no containers here: unix://" in err
    assert "no container engine answers there" in err
    assert "starting plain processes without an agent" in err
    assert "no agent ran: the stand-in gateway received the services' packets itself" in out


def test_it_ends_with_every_hop_counted(started):
    """Each service reports; its spans are counted at the client and both hops of the stand-in."""
    _, (_, out, _) = started
    hops = [
        line
        for line in out.splitlines()
        if line.startswith(("backend ", "frontend ")) and line.endswith(" ok")
    ]

    assert 8 == len(hops)
    assert any(line.startswith("frontend  stand-in received  4 of 4 packets") for line in hops)
    assert "proven: every marked span arrived" in out


def test_with_collectors_an_outage_of_the_stand_in_costs_no_span(demo, collector_binary):
    """A line says what was sent without a stand-in, and that all of it arrived; nothing is left."""
    demo.on_path(Path(collector_binary).parent)
    code, out, err = demo.run("demo", "--target", "process", "--agent-kind", "collector")
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in demo.processes()
        for connection in process.net_connections()
        if connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
    }
    downed, _, stopped = demo.run("demo", "--down")

    assert 0 == code, out + err
    assert 12 == len(re.findall(r"^(?:backend|frontend) .* ok$", out, re.MULTILINE))
    assert (
        "outage    20 requests while the stand-in was stopped: 20 of 20 traces (100 spans)"
        " arrived after its start\n"
    ) in out
    assert {"127.0.0.1"} == listening
    assert 0 == downed
    assert "stopped frontend, backend, backend-agent, frontend-agent, gateway" in stopped
    assert not (demo.folder / "build" / "demo").exists()


def test_it_shows_the_trace_as_a_tree(started):
    """One request's trace has four spans or more, of both services, the callee below its caller."""
    _, (_, out, _) = started
    tree = out.partition("\ntrace ")[2].splitlines()[1:]
    spans = [line for line in tree if re.search(r"\d ms$", line)]

    assert 4 <= len(spans)
    assert spans[0].startswith("frontend  GET /greet")
    assert "   └─ backend  GET /greeting" in spans[2]


def test_taken_ports_are_named_with_their_holder(started):
    """Each taken port is reported with the program that holds it and the port used instead."""
    _, (_, _, err) = started
    named = re.findall(r"demo: ([\w -]+): port (\d+) is taken by (.+); using (\d+)", err)

    assert {("stand-in page", "16686"), ("agent", "6831"), ("frontend", "8080")} <= {
        entry[:2] for entry in named
    }
    assert all(holder for _, _, holder, _ in named)


def test_page_and_service_answer_where_it_says(started):
    """The addresses that it prints are those that answer."""
    _, (_, out, _) = started
    printed = dict(line.split(maxsplit=1) for line in out.splitlines()[-3:])

    assert requests.get(printed["page"], timeout=5).ok
    assert (
        "Hello, Bo!"
        == requests.get(f"{printed['service']}/greet?name=Bo", timeout=5).json()["greeting"]
    )


@pytest.mark.parametrize("target", [(), ("--target", "process")])
def test_verify_proves_it_again(started, target):
    """Verify finds the running processes by itself, or with --target; JSON as for every target."""
    running, _ = started
    code, out, _ = running.run("verify", *target, "--spans", "30", "--output", "json")
    report = json.loads(out)

    assert (0, True) == (code, report["ok"])
    assert {"service reports", "client sent", "stand-in received", "gateway accepted"} == {
        hop["hop"] for hop in report["hops"]
    }
    assert {30} == {hop["figure"] for hop in report["hops"] if hop["unit"] == "spans"}


def test_nothing_listens_beyond_loopback(started):
    """Every socket of the demo is on 127.0.0.1."""
    running, _ = started
    addresses = {
        socket_.laddr.ip.removeprefix("::ffff:")
        for process in running.processes()
        for socket_ in process.net_connections("inet")
        if socket_.status in {psutil.CONN_LISTEN, psutil.CONN_NONE} and not socket_.raddr
    }

    assert {"127.0.0.1"} == addresses


def test_a_second_one_replaces_the_first_and_down_leaves_nothing(demo):
    """A second demo stops the first one; --down stops the demo and removes its folder."""
    demo.up()
    first = {entry["pid"] for entry in demo.state()["processes"]}
    code, _, err = demo.run("demo", "--target", "process")
    second = {entry["pid"] for entry in demo.state()["processes"]}

    assert 0 == code
    assert "an earlier demo was stopped" in err
    assert set() == first & second
    assert second <= {process.pid for process in demo.processes()}

    assert (0, "", "demo: stopped frontend, backend, gateway\n") == demo.run("demo", "--down")
    assert [] == demo.processes()
    assert [] == list(Path(demo.folder, "build").iterdir())
    code, out, err = demo.run("demo", "--down")
    assert (0, "") == (code, out)
    assert err.startswith("demo: no process was running; containers were not looked for: unix://")


def test_another_folder_is_as_good(demo, tmp_path):
    """The demo belongs to the checkout, wherever it is started; another build/demo is kept."""
    mine = tmp_path / "elsewhere/build/demo/mine.txt"
    mine.parent.mkdir(parents=True)
    mine.touch()
    elsewhere = tmp_path / "elsewhere"
    code, out, _ = demo.run("demo", "--target", "process", cwd=elsewhere)

    assert (0, "stop      sidecar demo --down") == (code, out.splitlines()[-1])
    assert demo.state()
    assert (0, "", "demo: stopped frontend, backend, gateway\n") == demo.run(
        "demo", "--down", cwd=tmp_path
    )
    assert "no process was running" in demo.run("demo", "--down", cwd=elsewhere)[2]
    assert [mine] == [path for path in elsewhere.rglob("*") if path.is_file()]


@pytest.mark.parametrize("processes", [0, 1, 2, 3])
def test_an_interrupted_start_leaves_nothing(demo, processes):
    """Ctrl-C while the processes start exits 130, and leaves none of them running."""
    process = demo.popen("demo", "--target", "process")
    deadline = time.monotonic() + 30
    while (
        len((demo.state() or {"processes": []})["processes"]) < processes
        and time.monotonic() < deadline
    ):
        time.sleep(0.005)
    if processes == 0:
        assert "starting plain processes" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert (130, "interrupted") == (
        process.returncode,
        err.strip().splitlines()[-1].removeprefix("sidecar: "),
    )
    if "it still runs" not in err:  # the last process answered before the signal came
        assert [] == demo.processes()
        assert not (demo.folder / "build/demo").exists()


def test_a_process_that_ends_is_named(demo):
    """Verify names a service that has ended, with the way to start again."""
    demo.up()
    backend = next(entry for entry in demo.state()["processes"] if entry["name"] == "backend")
    process = psutil.Process(backend["pid"])
    process.kill()
    psutil.wait_procs([process], timeout=5)
    code, _, err = demo.run("verify", "--target", "process")

    assert 1 == code
    assert "sidecar: backend: has ended" in err
    assert "run `make down` and `make demo`" in err


def test_a_stand_in_that_hangs_is_named(demo):
    """Where the stand-in does not answer any more, its own hop is the one that fails."""
    demo.up()
    gateway = psutil.Process(
        next(entry["pid"] for entry in demo.state()["processes"] if entry["name"] == "gateway")
    )
    gateway.suspend()
    try:
        code, out, _ = demo.run("verify", "--target", "process", "--output", "json")
    finally:
        gateway.resume()
    hop = json.loads(out)["hops"][0]

    assert (1, "stand-in received", False) == (code, hop["hop"], hop["ok"])
    assert "does not answer" in hop["cause"]
    assert "Run `make down`, then `make demo`" == hop["fix"]


def test_verify_without_a_demo_says_how_to_start_one(tmp_path):
    """Nothing runs: a sentence with the next step, exit 1."""
    code, out, err = Demo(tmp_path).run("verify", "--target", "process")

    assert (1, "") == (code, out)
    assert "build/demo: no demo without containers runs. Run `make demo`" in err
