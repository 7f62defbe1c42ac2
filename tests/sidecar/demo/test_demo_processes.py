"""Start and stop of a demo's processes, and what can be wrong with them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from sidecar.demo import processes, starter, state
from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.ports import HostPort
from sidecar.demo.state import Demo, Started
from sidecar.errors import SidecarError
from sidecar.plan import sample_services

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def spawn():
    """Start Python programs; those that still run are killed after the test."""
    started = []

    def popen(code):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path):
    """Stop what a failed test may have started."""
    yield
    with suppress(SidecarError):
        processes.stop(tmp_path / "demo")


def write_state(folder, *running, **changes):
    """Write the state file of a demo with these processes."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = tuple(
        Started(f"p{process.pid}", process.pid, psutil.Process(process.pid).create_time())
        for process in running
    )
    demo = Demo(entries, {"frontend": "http://127.0.0.1:1"}, "http://127.0.0.1:1", "127.0.0.1:1")
    (folder / "processes.json").write_text(json.dumps({**asdict(demo), **changes}))
    return demo


def test_a_running_demo_is_read_back(tmp_path, spawn):
    """A later command reads from the state file what runs and where."""
    demo = write_state(tmp_path / "demo", spawn("input()"), spawn("import time; time.sleep(60)"))

    assert processes.is_running(tmp_path / "demo")
    assert demo == processes.running(tmp_path / "demo")


def test_stopping_ends_them_in_the_reverse_order(tmp_path, spawn):
    """The last started is the first to end; the folder is removed."""
    first, second = spawn("import time; time.sleep(60)"), spawn("import time; time.sleep(60)")
    write_state(tmp_path / "demo", first, second)

    assert [f"p{second.pid}", f"p{first.pid}"] == processes.stop(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
    assert (-15, -15) == (first.wait(5), second.wait(5))


def test_a_process_that_ignores_the_signal_is_killed(tmp_path, spawn, monkeypatch):
    """After the grace period."""
    monkeypatch.setattr(state, "_STOP_SECONDS", 0.2)
    stubborn = spawn(STUBBORN)
    assert "ready\n" == stubborn.stdout.readline()
    write_state(tmp_path / "demo", stubborn)
    processes.stop(tmp_path / "demo")

    assert -9 == stubborn.wait(5)


def test_a_later_process_with_the_same_number_is_left_alone(tmp_path, spawn):
    """The start time must be that of the state file, too."""
    other = spawn("import time; time.sleep(60)")
    entry = {
        "name": "gateway",
        "pid": other.pid,
        "created": psutil.Process(other.pid).create_time() - 1000,
    }
    write_state(tmp_path / "demo", processes=[entry])

    assert [] == processes.stop(tmp_path / "demo")
    assert other.poll() is None


def test_an_interrupt_while_the_folder_is_made_leaves_none(tmp_path, monkeypatch):
    """Ctrl-C in the first moment of a start."""
    make = Path.mkdir

    def interrupted(path, **options):
        make(path, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt):
        processes.start(tmp_path / "demo", print)

    assert [] == list(tmp_path.iterdir())


def test_nothing_to_stop_is_no_error(tmp_path):
    """No folder, no processes."""
    assert [] == processes.stop(tmp_path / "demo")


def test_a_folder_that_is_not_the_demos_stays_as_it_is(tmp_path):
    """Without the kit's state file nothing is removed; a file instead of a folder is not read."""
    mine = tmp_path / "demo/logs/gateway.log"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (tmp_path / "file").write_text("mine")

    assert ([], []) == (processes.stop(tmp_path / "demo"), processes.stop(tmp_path / "file"))
    assert ("mine", "mine") == (mine.read_text(), (tmp_path / "file").read_text())


def test_a_spoiled_state_file_stops_and_removes_nothing(tmp_path):
    """Another program's processes.json is an error, and stays."""
    (tmp_path / "processes.json").write_text("{}")
    with pytest.raises(SidecarError, match="is not the state of a demo"):
        processes.stop(tmp_path)

    assert "{}" == (tmp_path / "processes.json").read_text()


def test_other_files_in_the_folder_stay(tmp_path, spawn):
    """Only the demo's own state and logs are removed."""
    folder = tmp_path / "demo"
    write_state(folder, spawn("import time; time.sleep(60)"))
    (folder / "logs").mkdir()
    for name in ("logs/gateway.log", "logs/mine.log", "mine.txt", "gateway.json"):
        (folder / name).touch()
    processes.stop(folder)

    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))

    assert ["logs", "logs/mine.log", "mine.txt"] == left


def test_the_default_folder_is_in_the_checkout():
    """It does not depend on the working directory."""
    assert Path(__file__).parents[3] / "build/demo" == processes.DEFAULT_FOLDER


def test_an_ended_process_is_named(tmp_path, spawn):
    """The remaining processes are no demo."""
    ended, running = spawn("pass"), spawn("import time; time.sleep(60)")
    demo = write_state(tmp_path / "demo", ended, running)
    ended.wait(10)

    with pytest.raises(
        SidecarError,
        match=f"{demo.processes[0].name}: has ended. See .*{demo.processes[0].name}.log",
    ):
        processes.running(tmp_path / "demo")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"processes": 1}', '{"processes": [{"name": 1}]}', "\xff"]
)
def test_a_spoiled_state_file_is_an_error(tmp_path, text):
    """It is named with the fix, without a traceback."""
    (tmp_path / "processes.json").write_text(text, encoding="latin-1")

    with pytest.raises(SidecarError, match=r"is not the state of a demo\. Remove the file"):
        processes.running(tmp_path)


def test_two_in_one_folder_are_refused(tmp_path, spawn):
    """A running one is not started again."""
    write_state(tmp_path / "demo", spawn("import time; time.sleep(60)"))

    with pytest.raises(SidecarError, match=r"a demo already runs\. Run `sidecar demo --down`"):
        processes.start(tmp_path / "demo", print)


def test_an_installed_wheel_has_no_sample(tmp_path, monkeypatch):
    """The sample is in the checkout; the message names the next step."""
    monkeypatch.setattr(processes, "find_checkout", lambda: None)

    with pytest.raises(
        SidecarError,
        match=r"needs the kit's checkout, which holds the sample\. Clone the repository",
    ):
        processes.start(tmp_path / "demo", print)


def broken_sample(*command):
    """Return a function that returns the sample, with another command for its backend."""
    frontend, backend = sample_services()
    return lambda: (frontend, replace(backend, command=command))


@pytest.mark.xdist_group("demo")
def test_a_process_that_ends_at_once_is_reported_with_its_log(tmp_path, monkeypatch):
    """The message has its last lines; the processes started before it are stopped."""
    monkeypatch.setattr(starter, "sample_services", broken_sample("json.tool", "--no-such-option"))
    before = set(psutil.Process().children(recursive=True))

    with pytest.raises(
        SidecarError, match=r"backend: ended with 2 while starting\n(.*\n)*.*unrecognized arguments"
    ):
        processes.start(tmp_path / "demo", print)
    assert not (tmp_path / "demo").exists()
    assert not [
        one
        for one in set(psutil.Process().children()) - before
        if one.status() != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.xdist_group("demo")
def test_a_process_that_does_not_answer_is_an_error(tmp_path, monkeypatch):
    """It runs, but nothing answers at its address: the wait is limited."""
    monkeypatch.setattr(starter, "_START_SECONDS", 10.0)
    sleeping = ("timeit", "-n1", "-r1", "import time; time.sleep(60)")
    monkeypatch.setattr(starter, "sample_services", broken_sample(*sleeping))
    began = time.monotonic()

    with pytest.raises(SidecarError, match="backend: does not answer after 10 s"):
        processes.start(tmp_path / "demo", print)
    assert time.monotonic() - began < 20
    assert not (tmp_path / "demo").exists()


def test_a_probe_that_fails_is_an_error(tmp_path, spawn):
    """The cause is the probe's last line."""
    write_state(tmp_path / "demo", spawn("import time; time.sleep(60)"))
    deployment = ProcessDeployment(tmp_path / "demo")

    with pytest.raises(
        SidecarError, match=r"frontend: the probe failed: .*0 is not a number of spans"
    ):
        deployment.send("frontend", "marker", 0)
    assert (["frontend"], "") == (deployment.services(), deployment.agent_log("frontend"))


def test_a_page_that_does_not_answer_is_an_error(tmp_path, spawn):
    """The message says how to start again."""
    write_state(tmp_path / "demo", spawn("import time; time.sleep(60)"))

    with pytest.raises(
        SidecarError,
        match=r"http://127.0.0.1:1: does not answer: Conn.* Run `make down`",
    ):
        ProcessDeployment(tmp_path / "demo").agent("frontend")


def test_another_program_at_the_port_is_no_start(tmp_path, monkeypatch):
    """Its answer is not taken for the stand-in's if it took the port before the start."""
    monkeypatch.setattr(starter, "answers", lambda *_: True)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = held.getsockname()[1]
        monkeypatch.setattr(starter, "choose", lambda preferred, _kind: HostPort(taken, preferred))

        with pytest.raises(
            SidecarError, match=rf"gateway: ended with 1 while starting\n.*:{taken}: cannot listen"
        ):
            processes.start(tmp_path / "demo", print)
