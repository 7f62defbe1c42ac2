"""Lets a signal take effect that arrives just before the main thread waits in C code.

Python runs a handler once the main thread comes back to it. A signal interrupts a call that waits,
but not one that begins to wait a moment later: the handler would run when that call ends by itself.
So a thread reads Python's wake-up descriptor, which tells of each signal at once. Where the handler
has not begun soon, it interrupts the main thread's call by SIGURG, which otherwise does nothing.

Python writes to the descriptor by its number. A service that becomes a daemon closes all of them,
and must not get these bytes in a file of its own: the numbers are high, where it opens none soon,
and once they are closed, which ends the thread's wait at once, the thread takes them back.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar_tracing import native
from sidecar_tracing.descriptors import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sidecar_tracing.descriptors import Identity

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each interruption: one may come a moment too early, too."""

_CAN_INTERRUPT = hasattr(signal, "pthread_kill") and hasattr(os, "register_at_fork")
if _CAN_INTERRUPT:
    from fcntl import F_DUPFD_CLOEXEC, fcntl
    from posix import read  # not os.read, which eventlet replaces

_HIGHEST = 1_024
_SHARE = 15 / 16
"""Numbers begin at this part of the limit for descriptors, or of `_HIGHEST`."""


class _Pipe:
    """The ends in the process that made them."""

    reader: tuple[int, Identity] | None = None
    writer: tuple[int, Identity] | None = None


def arm(numbers: Collection[int], begun: Callable[[], int]) -> None:
    """Watch these signals; `begun` counts how often their handler has begun.

    Does nothing where the descriptor or SIGURG is used already, nor beside trio, which warns of a
    descriptor that is not its own. Raises ValueError outside of the main thread.
    """
    if _Pipe.writer or not _CAN_INTERRUPT or "trio" in sys.modules:
        return
    if signal.getsignal(signal.SIGURG) not in (signal.SIG_DFL, _do_nothing):
        return
    before = signal.set_wakeup_fd(-1)
    if before != -1:
        signal.set_wakeup_fd(before)
        return
    signal.set_wakeup_fd(_open(_first_number()), warn_on_full_buffer=False)
    signal.signal(signal.SIGURG, _do_nothing)
    with suppress(RuntimeError):  # no further thread can start: a wait is not interrupted then
        native.start_thread(_watch, frozenset(numbers), begun, _thread.get_ident())


def _first_number() -> int:
    limit = os.sysconf("SC_OPEN_MAX")
    return int(_SHARE * (min(limit, _HIGHEST) if limit > 0 else _HIGHEST))


def _open(number: int) -> int:
    """Open a pipe for writing at this number or the next free one, which it returns.

    A number that is still ours gets the new pipe. Raises OSError if there is none.
    """
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        if _is_ours(_Pipe.writer):
            os.dup2(writer, number, inheritable=False)
        else:
            number = fcntl(writer, F_DUPFD_CLOEXEC, number)
        _Pipe.writer = number, identity(number)
        above = fcntl(reader, F_DUPFD_CLOEXEC, number + 1)
        _Pipe.reader = above, identity(above)
        return number
    finally:
        os.close(reader)
        os.close(writer)


def _is_ours(end: tuple[int, Identity] | None) -> bool:
    return end is not None and identity(end[0]) == end[1]


def _leave() -> None:
    """Close both ends, as far as they are ours."""
    ends = _Pipe.reader, _Pipe.writer
    _Pipe.reader = _Pipe.writer = None
    for end in ends:
        if end is not None and _is_ours(end):
            os.close(end[0])


def _do_nothing(*_: object) -> None:
    pass


def _watch(numbers: frozenset[int], begun: Callable[[], int], main_thread: int) -> None:
    seen = begun()
    while came := _numbers():
        if numbers.isdisjoint(came):
            continue
        for pause in _PAUSES:
            native.sleep(pause)
            if begun() != seen:
                break
            signal.pthread_kill(main_thread, signal.SIGURG)
        seen = begun()


def _numbers() -> bytes:
    """Return the signals that came; none once the service has closed the pipe for good."""
    try:
        while True:
            reader = _Pipe.reader
            if reader and _is_ours(reader) and (came := read(reader[0], 512)):
                return came
            _take_back()
    except OSError:
        return b""


def _take_back() -> None:
    """Open another pipe at the number that Python writes to. Raises OSError if it is taken."""
    if _Pipe.writer is None:
        raise OSError
    number = _Pipe.writer[0]
    if _open(number) != number:
        _leave()
        raise OSError


def _after_fork_in_child() -> None:
    """Leave the parent's pipe: it would take the child's signals for its own."""
    if _Pipe.writer is None:
        return
    with suppress(Exception):
        current = signal.set_wakeup_fd(-1)
        if current not in (-1, _Pipe.writer[0]):
            signal.set_wakeup_fd(current)
    with suppress(Exception):
        _leave()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
