"""Whole programs, each in a new process: seconds, processor time and peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from bench.children import CHECKOUT
from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.measure import Sample


def measure(argv: Sequence[str], folder: Path) -> Sample:
    """Run a program to its end, its output in files of a folder; raises OSError if it fails.

    The figures are `seconds`, `cpu_s` and `mib`; those of programs that it waits for are in
    `cpu_s`, too, and in `mib` the largest of them.
    """
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=CHECKOUT, stdout=out, stderr=err, env=child_environment()
        )
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise OSError((folder / "err").read_text()[:500])
    worked = used.ru_utime + used.ru_stime
    return {"seconds": took, "cpu_s": worked, "mib": used.ru_maxrss / 1024}
