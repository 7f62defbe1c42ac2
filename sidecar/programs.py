"""Runs another program with a time limit, and returns what it prints."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(
    argv: Sequence[str], seconds: float, *, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program without the token in its environment; it reads `stdin`, or nothing.

    Raises OSError where it cannot start, TimeoutExpired, which shows the whole command, where it
    does not end.
    """
    return subprocess.run(
        argv,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL if stdin is None else None,
        input=stdin,
        env=child_environment(),
        timeout=seconds,
    )
