"""The agent as a plain container beside the proof, in a pod whose containers see each other's processes."""

from __future__ import annotations

import signal
from contextlib import suppress

import psutil

from sidecar.verify.loopback import fetch
from sidecar.verify.reader import wait_for


def await_start(admin: str, seconds: float) -> None:
    """Return as soon as an agent's admin port answers, or after `seconds`: plain containers start side by side."""
    wait_for(lambda: _answers(admin), bool, seconds)


def _answers(admin: str) -> bool:
    try:
        fetch(f"{admin}/metrics")
    except OSError:
        return False
    return True


def end(program: str, *, well: bool) -> None:
    """End every process of a program, by its path: well, by SIGTERM; else at once, as its exit code no longer counts.

    An agent hands on what it has before it ends, which lasts as long as its gateway is silent.
    """
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [""])[0] == program:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM if well else signal.SIGKILL)
