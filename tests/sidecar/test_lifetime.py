"""Programs that end with the program that started them."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from sidecar.lifetime import bound

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")

_PARENT = """\
import subprocess, sys
from sidecar.lifetime import bound
child = subprocess.Popen(bound(["sleep", "600"]))
print(child.pid, flush=True)
child.wait()
"""


def test_a_program_ends_with_a_parent_that_is_killed() -> None:
    """SIGKILL leaves the parent no time to end it."""
    command = [sys.executable, "-c", _PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        _wait_for_program(child, "sleep")
        parent.kill()

    assert [] == psutil.wait_procs([child], timeout=10)[1]


def test_a_program_keeps_its_arguments_output_and_exit_code() -> None:
    """The launcher is replaced by it."""
    code = "import sys; print(sys.argv[1:]); sys.exit(3)"
    done = subprocess.run(
        bound([sys.executable, "-c", code, "a b", "--c"]),
        check=False,
        capture_output=True,
        text=True,
    )

    assert (3, "['a b', '--c']\n", "") == (done.returncode, done.stdout, done.stderr)


def _wait_for_program(process: psutil.Process, name: str) -> None:
    for _ in range(100):
        if process.name() == name:
            return
        with pytest.raises(psutil.TimeoutExpired):
            process.wait(0.1)
    pytest.fail(f"{process} did not become {name}")
