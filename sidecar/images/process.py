"""Runs a long program, which never outlives its caller.

Its lines become progress; if it fails, its last lines become the error.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.engine.errors import indented, masked
from sidecar.errors import SidecarError
from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.images import Progress

KEPT_LINES = 40
GRACE_SECONDS = 10


def run_logged(
    argv: Sequence[str],
    progress: Progress,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a program to its end. Raises SidecarError with its last lines where it fails.

    The program gets its own session, so that an interrupt ends everything that it started.
    """
    with subprocess.Popen(
        argv,
        text=True,
        errors="replace",
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**child_environment(), **(environment or {})},
        start_new_session=True,
    ) as child:
        try:
            code, last = _follow(child, progress)
        except BaseException:
            end_session(child)
            raise
    if code:
        raise SidecarError(argv[0], f"exit code {code}\n{indented(last)}")


def _follow(child: subprocess.Popen[str], progress: Progress) -> tuple[int, str]:
    last: deque[str] = deque(maxlen=KEPT_LINES)
    for raw in child.stdout or ():
        line = masked(raw.rstrip())
        last.append(line)
        if line:
            progress(line.strip())
    return child.wait(), "\n".join(last)


def end_session(child: subprocess.Popen[str]) -> None:
    """End a program and all that it started: by SIGTERM, then by SIGKILL."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        os.killpg(child.pid, signal.SIGKILL)
