"""A process that is held stands still, and goes on when the holder ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import wait_until

from sidecar.rehearsal.hold import hold

THREADS = """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""


def states(process):
    """Return the states of a process' threads; t is stopped by a tracer."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return {(path / "stat").read_text().rpartition(")")[2].split()[0] for path in threads}


@pytest.fixture
def process():
    """A process with two threads."""
    with subprocess.Popen([sys.executable, "-c", THREADS], stdout=subprocess.PIPE) as started:
        started.stdout.readline()
        yield started.pid
        started.kill()


def test_all_threads_stand_still_until_the_holder_ends(process):
    """The kernel itself lets them go on: a holder that is killed leaves nothing held."""
    ends = threading.Event()
    holder = threading.Thread(target=lambda: (hold(process), ends.wait(20)))
    holder.start()
    wait_until(lambda: states(process) == {"t"})
    ends.set()
    holder.join()

    wait_until(lambda: "t" not in states(process))


def test_a_process_that_has_ended_is_an_error():
    """There is nothing to hold."""
    with pytest.raises(FileNotFoundError):
        hold(2**22 + 1)
