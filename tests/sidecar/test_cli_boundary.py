"""The one error boundary: errors, defects, interrupts, and streams that are closed or full."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from sidecar import __version__
from sidecar.cli import main
from sidecar.signals import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary@0123456789abcde_canary@53df7ad2afe8301"


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Callable[..., int]], None]:
    """Replace the run of a command; defect logs go to the test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def replace(run: Callable[..., int], name: str = "completion") -> None:
        module = SimpleNamespace(run=run)
        monkeypatch.setitem(sys.modules, f"sidecar.commands.{name}", module)

    return replace


INPUT = "sidecar: standard input: is closed. Redirect a file or a pipe into it\n"
OUTPUT = "sidecar: standard output: is closed. Redirect it into a file or a pipe\n"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("regions <&-", 0, ""),
        ("token set <&-", 2, None),
        ("token set --stdin <&-", 2, INPUT),
        ("inject - <&-", 2, INPUT),
        ("validate - <&-", 2, INPUT),
        ("regions >&-", 1, OUTPUT),
        ("--help >&-", 1, OUTPUT),
        ("--version >&-", 1, OUTPUT),
        ("nope >&-", 2, None),
        ("regions 2>&-", 0, ""),
        ("nope 2>&-", 2, ""),
        ("nope 2>/dev/full", 2, ""),
        ("token set --stdin <&- >&- 2>&-", 2, ""),
    ],
)
def test_a_standard_stream_that_is_closed_is_no_defect(
    tmp_path, command: str, code: int, message: str | None
) -> None:
    """What is not read or written cannot matter; a message that is lost changes no exit code."""
    line = f"{sys.executable} -m sidecar {command}"
    process = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert code == process.returncode, process.stderr
    assert message in (None, process.stderr)
    assert [] == list(tmp_path.iterdir())


def test_a_folder_of_another_owner_is_no_defect(run, command) -> None:
    """Its path is named."""

    def refused(args):
        raise PermissionError(13, "Permission denied", "build/x/secrets/agent.yaml")

    command(refused)
    path = "build/x/secrets/agent.yaml"
    message = f"sidecar: {path}: Permission denied. Run as its owner, or check its permissions\n"

    assert (1, "", message) == tuple(vars(run("completion", "bash")).values())


def test_a_current_folder_that_is_gone_is_no_defect(run, tmp_path) -> None:
    """A shell may still be in it."""
    gone, sidecar = tmp_path / "gone", Path(sys.executable).with_name("sidecar")
    line = f"mkdir {gone}; cd {gone}; rmdir {gone}; exec {sidecar} plan --region local"
    process = subprocess.run(["sh", "-c", line], capture_output=True, text=True)

    message = "sidecar: the current folder: was removed. Change into one that exists\n"
    assert (1, message) == (process.returncode, process.stderr)


def test_known_errors_exit_1(run) -> None:
    """Bad input is one message on standard error."""
    result = run("render", "--region", "cn-shangai")

    assert (1, "") == (result.code, result.out)
    assert result.err.startswith(
        "sidecar: --region: region: 'cn-shangai' is not in the catalogue. Did you mean cn-shanghai"
    )


def test_a_commands_code_is_the_programs(run, command) -> None:
    """What run returns is what main returns."""
    command(lambda args: 7)

    assert 7 == run("completion", "bash").code


def test_a_defect_exits_3_and_keeps_its_traceback(run, command, tmp_path) -> None:
    """One line names the log, which has version and traceback and is readable by its owner only."""
    command(lambda args: 1 // 0)
    result = run("completion", "bash")
    (log,) = tmp_path.glob("sidecar-defect-*.log")

    message = (
        "sidecar: a defect in the kit: ZeroDivisionError. "
        f"The traceback is in {log}; please report it.\n"
    )
    assert (3, "", message) == (result.code, result.out, result.err)
    assert log.read_text().startswith(f"sidecar {__version__}, Python {sys.version}\n\nTraceback")
    assert "ZeroDivisionError: integer division or modulo by zero" in log.read_text()
    assert 0o600 == log.stat().st_mode & 0o777


def test_a_defects_log_holds_no_token(run, command, monkeypatch, tmp_path) -> None:
    """Not the variable's, nor anything like a token, nor what follows `Authentication=`."""
    monkeypatch.setenv("TRACING_TOKEN", "shapeless-canary")

    def fail(args):
        raise ValueError(f"Authentication=other-canary {CANARY} {args.environment_token}")

    command(fail)
    result = run("completion", "bash")
    (log,) = tmp_path.glob("sidecar-defect-*.log")

    assert 3 == result.code
    assert "ValueError: Authentication=*** *** ***" in log.read_text()
    assert "canary" not in log.read_text().replace(str(tmp_path), "")
    assert "canary" not in result.err


def test_a_defect_whose_log_cannot_be_kept_is_shown(run, command, monkeypatch) -> None:
    """A full disk must not hide the cause."""
    command(lambda args: 1 // 0)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    result = run("completion", "bash")

    assert 3 == result.code
    assert (
        "The traceback could not be written to a file (No space left on device):\nTraceback"
        in result.err
    )


def test_a_caller_in_python_may_replace_the_output() -> None:
    """`main` works with any text stream."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert 0 == main(["--version"])

    assert f"sidecar {__version__}\n" == out.getvalue()


def test_another_broken_pipe_is_a_defect(command, tmp_path, monkeypatch) -> None:
    """Only for the reader of standard output it is normal to leave."""

    def fail(args):
        raise BrokenPipeError

    command(fail)
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)

        assert 3 == main(["completion", "bash"])


def test_an_interrupt_exits_130(run, command) -> None:
    """Ctrl-C is no defect."""

    def interrupt(args):
        raise KeyboardInterrupt

    command(interrupt)

    assert (130, "", "sidecar: interrupted\n") == tuple(vars(run("completion", "bash")).values())


def test_no_command_inherits_the_tokens_variable(run, command, monkeypatch) -> None:
    """It leaves the environment before the command runs; the command still gets the token."""
    monkeypatch.setenv("TRACING_TOKEN", CANARY)
    seen = []
    command(
        lambda args: seen.append((os.environ.get("TRACING_TOKEN"), args.environment_token)) or 0
    )
    run("completion", "bash")

    assert [(None, CANARY)] == seen


def test_an_interrupted_program_exits_130_without_a_traceback(start, tmp_path) -> None:
    """A real SIGINT, while it waits for its input."""
    reading, writing = os.pipe()
    process = start("token", "set", "--stdin", stdin=reading)
    wait_until(
        lambda: "pipe_read" in Path(f"/proc/{process.pid}/wchan").read_text() or _reads(process.pid)
    )
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    os.close(reading)
    os.close(writing)

    assert (130, b"sidecar: interrupted\n") == (process.returncode, err)
    assert not (tmp_path / "secrets").exists()


def _reads(pid: int) -> bool:
    """Tell whether a process sleeps in read() of its standard input."""
    try:
        return Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 ")
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, at most ten seconds."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "waited for ten seconds in vain"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "arguments", [["regions"], ["plan", "--region", "local", "--output", "json"], ["--help"]]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(start, arguments: list[str], unbuffered: str) -> None:
    """`sidecar regions | head -1` is quiet."""
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*arguments, stdout=writing, env={"PYTHONUNBUFFERED": unbuffered})
    os.close(writing)

    assert (None, b"") == process.communicate(timeout=10)
    assert 0 == process.returncode


@pytest.mark.parametrize(
    "arguments", [["regions"], ["regions", "shanghai"], ["--help"], ["--version"]]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_the_output_is_named(
    execute, arguments: list[str], unbuffered: str
) -> None:
    """Exit code 1, and nothing more at the interpreter's end."""
    with Path("/dev/full").open("w") as full:
        result = execute(*arguments, stdout=full, env={"PYTHONUNBUFFERED": unbuffered})

    expected = "sidecar: output: cannot be written: No space left on device. Free some space\n"
    assert (1, expected) == (result.code, result.err)


_INTERRUPTED = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Interrupt(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == moment:
            os.kill(os.getpid(), signal.SIGINT)

moment, sys.argv = sys.argv[1], ["sidecar", "--version"]
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupt())
sys.modules.pop("signal")
from sidecar import __main__
__main__.main()
import at_the_end
"""


@pytest.mark.parametrize("moment", ["signal", "sidecar.cli", "argparse", "at_the_end"])
def test_an_interrupt_before_or_after_a_command_shows_no_traceback(moment: str) -> None:
    """While the program still imports what it needs, and once the command has ended."""
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, moment], capture_output=True, text=True
    )

    assert (130, "sidecar: interrupted\n") == (done.returncode, done.stderr)


def test_a_locale_without_unicode_is_no_defect(execute) -> None:
    """Other characters are shown as escapes."""
    result = execute(
        "plan", "--region", "local", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )

    assert (0, "") == (result.code, result.err)
    assert "region   local" in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "subject"),
    [
        ("regions nope --output json", 1, "region 'nope'"),
        ("plan --region nope --output=json", 1, "--region: region"),
        ("verify --out /nowhere --output json", 2, "/nowhere"),
        ("regions --output json --nope", 2, "regions"),
        ("token set --output json --out /nowhere --file nope", 2, None),
    ],
)
def test_an_error_is_data_where_the_result_would_be(
    run, arguments: str, code: int, subject: str | None
) -> None:
    """A program that reads the output gets JSON in each case; people get the message as ever."""
    result = run(*arguments.split())
    data = json.loads(result.out)

    assert (code, False) == (result.code, data["ok"])
    assert ["subject", "cause", "fix", "id"] == list(data["error"])
    assert subject in (None, data["error"]["subject"])
    assert result.err.startswith(f"sidecar: {data['error']['subject']}: {data['error']['cause']}")


def test_an_error_in_json_shows_no_token(run) -> None:
    """Wherever it was given."""
    result = run("regions", CANARY, "--output", "json")

    assert (1, False) == (result.code, json.loads(result.out)["ok"])
    assert "0123456789abcde" not in result.out + result.err


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (RuntimeError("boom"), 3, ["a defect in the kit", "RuntimeError"]),
        (PermissionError(13, "Permission denied", "f"), 1, ["f", "Permission denied"]),
        (FileNotFoundError(2, "No such file"), 1, ["the current folder", "was removed"]),
        (KeyboardInterrupt(), 130, ["sidecar", "interrupted"]),
        (Interrupted(signal.SIGTERM), 143, ["sidecar", "ended by SIGTERM"]),
    ],
)
def test_what_ends_a_command_is_data_too(
    run, command, raised: BaseException, code: int, told: list[str]
) -> None:
    """A defect of the kit and an interrupt as any error: a program never reads an empty text."""

    def end(args):
        raise raised

    command(end, "regions")
    result = run("regions", "--output=json")
    data = json.loads(result.out)

    assert (code, False) == (result.code, data["ok"])
    assert told == [data["error"]["subject"], data["error"]["cause"]]
    assert told[1] in result.err


def test_what_is_watched_ends_without_a_last_word(run, command) -> None:
    """Each line was a document of its own; Ctrl-C is how a watch ends."""

    def end(args):
        raise KeyboardInterrupt

    command(end, "verify")

    assert "" == run("verify", "--watch", "--output=json").out


def test_json_is_one_document(run) -> None:
    """A script reads nothing else."""
    for arguments in (["regions"], ["plan", "--region", "local"]):
        json.loads(run(*arguments, "--output", "json").out)
