"""`python -m bench`."""

import importlib
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from bench.__main__ import main
from bench.cases import CASES
from bench.children import CHECKOUT, ChildError, python, running
from bench.measure import Measured, Skipped


def test_the_list_names_every_case(capsys):
    """--list prints one line per case."""
    assert 0 == main(["--list"])

    assert list(CASES) == [line.split()[0] for line in capsys.readouterr().out.splitlines()]


def test_every_case_has_its_module():
    """Each listed case is a module with a function `run`."""
    assert all(callable(importlib.import_module(f"bench.cases.{name}").run) for name in CASES)


def test_an_unknown_case_names_the_known_ones(capsys):
    """An unknown case is a usage error."""
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])

    assert 2 == ended.value.code
    assert "burst, steady" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "1001"])
def test_a_number_of_runs_is_checked(text):
    """An invalid number of runs is a usage error, before anything starts."""
    with pytest.raises(SystemExit) as ended:
        main([f"--runs={text}", "start"])

    assert 2 == ended.value.code


@pytest.fixture
def case(monkeypatch):
    """Replace what the case `start` does."""

    def replace(action):
        monkeypatch.setattr(importlib.import_module("bench.cases.start"), "run", action)

    return replace


def _raise(error):
    def run(_):
        raise error

    return run


def test_a_skipped_case_is_no_failure(case, capsys):
    """A skipped case prints why, and the exit code is 0."""
    case(_raise(Skipped("no engine; start one")))

    assert 0 == main(["start"])
    assert "skipped: no engine; start one" in capsys.readouterr().err


def test_a_failed_case_exits_1(case, capsys):
    """The error is printed, and the exit code is 1."""
    case(_raise(ChildError("agent: ended with 2")))

    assert 1 == main(["start"])
    assert "agent: ended with 2" in capsys.readouterr().err


def test_an_interrupt_exits_130(case):
    """An interrupted bench exits 130, as every command of the kit does."""
    case(_raise(KeyboardInterrupt()))

    assert 130 == main(["start"])


def test_json_names_the_machine_and_the_cases(case, capsys):
    """The JSON output describes the machine and lists the cases."""
    case(lambda _: Measured("Start", (), {"bare": [{}]}))
    assert 0 == main(["start", "--output=json"])

    printed = json.loads(capsys.readouterr().out)
    described = {"cores", "cpu", "kernel", "python", "agent", "net.core.rmem_max"}
    assert described == printed["machine"].keys()
    assert ["start"] == [case["case"] for case in printed["cases"]]


def test_a_child_does_not_outlive_its_block():
    """A child is ended, whatever happens in its block."""
    with (
        pytest.raises(KeyboardInterrupt),
        running(python("-c", "import time; time.sleep(60)")) as child,
    ):
        raise KeyboardInterrupt

    assert not psutil.pid_exists(child.pid)


def test_a_child_that_ignores_the_request_is_killed(monkeypatch):
    """A child that ignores SIGTERM is killed."""
    monkeypatch.setattr("bench.children._STOP_SECONDS", 0.2)
    code = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
    with running(python("-c", code)) as child:
        assert "ready\n" == child.line()

    assert not psutil.pid_exists(child.pid)


def test_a_child_that_fails_shows_its_last_words():
    """The error of a failed child shows its exit code and the end of its log."""
    with (
        running(python("-c", "import sys; sys.exit('no such port')")) as child,
        pytest.raises(ChildError) as failed,
    ):
        child.result(20)

    assert "ended with 1\n    no such port" in str(failed.value)


def test_a_child_that_never_gets_ready_is_an_error():
    """Waiting for a child ends after a time limit."""
    with (
        running(python("-c", "import time; time.sleep(60)")) as child,
        pytest.raises(ChildError, match="not ready after"),
    ):
        child.wait_for(lambda: False, 0.1)


def test_a_child_that_nobody_holds_is_ended_too():
    """Children that no block holds are ended, too, even in a session of their own."""
    code = """
import subprocess
from bench.children import end_all, python
child = subprocess.Popen(python("-c", "import time; time.sleep(60)"), start_new_session=True)
end_all()
print(child.pid)
"""
    done = subprocess.run(
        python("-c", code), cwd=CHECKOUT, check=True, capture_output=True, text=True
    )

    assert not psutil.pid_exists(int(done.stdout))


def test_sigterm_leaves_no_process(tmp_path):
    """A bench that gets SIGTERM ends all processes that it started."""
    bench = subprocess.Popen(
        [sys.executable, "-m", "bench", "gateway"],
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert bench.stderr
    while "run 1/" not in bench.stderr.readline():
        assert bench.poll() is None
    children = psutil.Process(bench.pid).children(recursive=True)
    os.kill(bench.pid, signal.SIGTERM)

    assert 130 == bench.wait(30)
    assert len(children) >= 2
    assert [] == [child for child in children if child.is_running()]
