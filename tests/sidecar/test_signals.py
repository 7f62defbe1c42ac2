"""Signals: the first one ends a command by an exception, later ones do not stop the rollback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sidecar import cli, signals

BOTH = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.mark.parametrize(("number", "code"), BOTH)
def test_a_signal_is_an_interrupt_with_its_exit_code(number: int, code: int) -> None:
    """All code for Ctrl-C works for each; the former handlers are restored."""
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as caught, signals.as_exceptions():
        signal.raise_signal(number)

    assert code == caught.value.exit_code
    assert before is signal.getsignal(number)


@pytest.mark.parametrize(("second", "_"), BOTH)
def test_a_second_signal_does_not_disturb_the_undo(second: int, _: int) -> None:
    """Neither in this process nor in a program that the rollback starts."""
    undone = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(second)
            child = f"import os, signal; os.kill(os.getpid(), {int(second)}); print('lived')"
            undone.append(
                subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout
            )

    with pytest.raises(signals.Interrupted, match="SIGINT"), signals.as_exceptions():
        work()

    assert ["lived\n"] == undone


def test_what_is_ignored_stays_ignored(monkeypatch) -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.as_exceptions():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_deferred_signal_waits_for_the_blocks_end() -> None:
    """Only the first of several is raised."""
    done = []

    def work() -> None:
        with signals.deferred():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with pytest.raises(signals.Interrupted, match="SIGTERM"), signals.as_exceptions():
        work()

    assert ["whole"] == done


def test_an_undo_after_an_error_is_not_disturbed() -> None:
    """Neither here nor in a program that it starts; afterwards a signal ends the command again."""
    undone = []

    def work() -> None:
        with signals.ignored():
            signal.raise_signal(signal.SIGINT)
            child = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('lived')"
            undone.append(
                subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout
            )
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(signals.Interrupted, match="SIGTERM"), signals.as_exceptions():
        work()

    assert ["lived\n"] == undone


def test_a_signal_before_the_block_restores_the_handlers(monkeypatch) -> None:
    """One that arrives just when the handlers are set."""
    before = signal.getsignal(signal.SIGINT)
    handle = signals._handle

    def interrupted(numbers, handler) -> None:
        handle(numbers, handler)
        if handler is signals._raise:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(signals, "_handle", interrupted)
    with pytest.raises(signals.Interrupted, match="SIGINT"), signals.as_exceptions():
        pass

    assert before is signal.getsignal(signal.SIGINT)


def test_another_thread_changes_nothing() -> None:
    """Python handles signals in the main thread only."""
    done = []

    def work() -> None:
        with signals.as_exceptions(), signals.deferred(), signals.ignored():
            done.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with signals.as_exceptions():
        inside = threading.Thread(target=work)
        inside.start()
        inside.join()

    assert ["worked", "worked"] == done
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)


@pytest.mark.parametrize(("number", "code", "message"), [
    (signal.SIGINT, 130, b"sidecar: interrupted\n"),
    (signal.SIGTERM, 143, b"sidecar: ended by SIGTERM\n"),
    (signal.SIGHUP, 129, b"sidecar: ended by SIGHUP\n"),
])  # fmt: skip
def test_a_program_that_is_ended_says_so(start, number: int, code: int, message: bytes) -> None:
    """While it waits for its input; no traceback."""
    reading, writing = os.pipe()
    process = start("token", "set", "--stdin", stdin=reading)
    while not _reads(process.pid):
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    os.close(reading)
    os.close(writing)

    assert (code, message) == (process.returncode, err)


def _reads(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 ")
    except OSError:
        return False


def test_a_terminal_that_is_gone_hides_no_exit_code(monkeypatch) -> None:
    """Its last line cannot be written, now or at the interpreter's end."""
    with Path("/dev/full").open("w") as gone:
        monkeypatch.setattr("sys.stderr", gone)

        assert 129 == cli._interrupted(signals.Interrupted(signal.SIGHUP), as_json=False)
