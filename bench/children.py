"""Child processes of a measurement, which end with it in every case."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHECKOUT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 10.0
_MICROSECONDS = 1_000_000


class ChildError(Exception):
    """A child failed; the text contains its command, exit code and last output."""


def python(*arguments: str) -> list[str]:
    """Return the command for this environment's interpreter."""
    return [sys.executable, *arguments]


@contextlib.contextmanager
def running(argv: Sequence[str]) -> Iterator[Child]:
    """Run a child until the block ends, in a session of its own: the block handles Ctrl-C."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            argv,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=child_environment(),
            start_new_session=True,
        )
        try:
            yield Child(argv, process, log)
        finally:
            _end(process)


class Child:
    """A running child."""

    def __init__(self, argv: Sequence[str], process: subprocess.Popen[str], log: IO[str]) -> None:
        self.argv = list(argv)
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The process ID, which is also that of its group."""
        return self._process.pid

    def line(self) -> str:
        """Return the next line of its standard output. Raises ChildError if it ended before."""
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            raise self.failure("ended early")
        return text

    def result(self, seconds: float) -> Any:  # noqa: ANN401 - JSON
        """Wait for its end and return the JSON that it printed. Raises ChildError."""
        try:
            output, _ = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise self.failure(f"did not end within {seconds:g} s") from None
        if self._process.returncode:
            raise self.failure(f"ended with {self._process.returncode}")
        return json.loads(output)

    def wait_for(self, ready: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until `ready` is true; it may raise OSError before. Raises ChildError."""
        deadline = time.monotonic() + seconds
        while not _true(ready):
            if self._process.poll() is not None:
                raise self.failure(f"ended with {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self.failure(f"is not ready after {seconds:g} s")
            time.sleep(0.05)

    def cpu_microseconds(self) -> float:
        """Return the processor time that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system) * _MICROSECONDS

    def peak_mib(self) -> float:
        """Return the peak of its resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(kib) / 1024

    def failure(self, what: str) -> ChildError:
        """Return the error for a child that failed, with the end of its log."""
        self._log.seek(0)
        last = "\n".join(f"    {line}" for line in self._log.read().splitlines()[-10:])
        return ChildError(f"{' '.join(self.argv)}: {what}\n{last}")


def end_all() -> None:
    """End every child process: an interrupt may come before a block holds a started child."""
    left = psutil.Process().children(recursive=True)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=_STOP_SECONDS)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _true(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except OSError:
        return False


def _end(process: subprocess.Popen[str]) -> None:
    """End the child's group: terminate it, then kill it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
            break
    if process.stdout:
        process.stdout.close()
