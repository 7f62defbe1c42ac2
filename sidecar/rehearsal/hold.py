"""Pauses a process, as a debugger does, until this program ends.

It is sent as text, so that no image must hold it: `python -c TEXT SECONDS` in a container that
shares the processes of another one. There, process 1 takes no SIGSTOP.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time
from pathlib import Path

_SEIZE, _INTERRUPT = 0x4206, 0x4207
"""Requests of ptrace(2). The kernel lets all go on that its caller still holds when it ends."""
_NEW_THREAD_SECONDS = 0.05


def hold(process: int) -> set[int]:
    """Stop all threads of a process, and return them. Raises OSError where that is refused."""
    held: set[int] = set()
    threads = Path(f"/proc/{process}/task")
    while found := {int(path.name) for path in threads.iterdir()} - held:
        for thread in found:
            _trace(_SEIZE, thread)
            _trace(_INTERRUPT, thread)
        held |= found
        time.sleep(_NEW_THREAD_SECONDS)  # one that was just being started appears
    return held


def _trace(request: int, thread: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    if library.ptrace(request, thread, None, None):
        number = ctypes.get_errno()
        if number != errno.ESRCH:  # it has ended
            raise OSError(number, os.strerror(number))


def main() -> int:
    """Hold process 1 for a time or until SIGTERM; print this program's own number first."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        hold(1)
    except OSError as error:
        print(error.strerror, flush=True)
        return 1
    print(os.getpid(), flush=True)
    signal.sigtimedwait({signal.SIGTERM}, float(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
