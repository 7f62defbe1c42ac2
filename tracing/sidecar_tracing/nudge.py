"""Lets a signal take effect that arrives just before the main thread waits in C code.

Python runs a handler once the main thread comes back to it. A signal interrupts a call that waits,
but not one that begins to wait a moment later: the handler would run when that call ends by itself.
So a thread reads Python's wake-up descriptor, which tells of each signal at once. Where the handler
has not begun soon, it interrupts the main thread's call by SIGURG, which otherwise does nothing.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar_tracing import native

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each interruption: one may come a moment too early, too."""

_CAN_INTERRUPT = hasattr(signal, "pthread_kill") and hasattr(os, "register_at_fork")
if _CAN_INTERRUPT:
    from posix import read  # not os.read, which eventlet replaces


class _Pipe:
    ends: tuple[int, int] | None = None
    """For reading and for writing, in the process that made them."""


def arm(numbers: Collection[int], begun: Callable[[], int]) -> None:
    """Watch these signals; `begun` counts how often their handler has begun.

    Does nothing where the descriptor or SIGURG is used already, nor beside trio, which warns of a
    descriptor that is not its own. Raises ValueError outside of the main thread.
    """
    if _Pipe.ends or not _CAN_INTERRUPT or "trio" in sys.modules:
        return
    if signal.getsignal(signal.SIGURG) not in (signal.SIG_DFL, _do_nothing):
        return
    before = signal.set_wakeup_fd(-1)
    if before != -1:
        signal.set_wakeup_fd(before)
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGURG, _do_nothing)
    _Pipe.ends = reader, writer
    with suppress(RuntimeError):  # no further thread can start: a wait is not interrupted then
        native.start_thread(_watch, reader, frozenset(numbers), begun, _thread.get_ident())


def _do_nothing(*_: object) -> None:
    pass


def _watch(
    reader: int, numbers: frozenset[int], begun: Callable[[], int], main_thread: int
) -> None:
    seen = begun()
    while came := _numbers(reader):
        if numbers.isdisjoint(came):
            continue
        for pause in _PAUSES:
            native.sleep(pause)
            if begun() != seen:
                break
            signal.pthread_kill(main_thread, signal.SIGURG)
        seen = begun()


def _numbers(reader: int) -> bytes:
    """Return the signals that came; none once the service has closed the pipe."""
    try:
        return read(reader, 512)
    except OSError:
        return b""


def _after_fork_in_child() -> None:
    """Leave the parent's pipe: it would take the child's signals for its own."""
    ends, _Pipe.ends = _Pipe.ends, None
    if ends is None:
        return
    with suppress(Exception):
        current = signal.set_wakeup_fd(-1)
        if current not in (-1, ends[1]):
            signal.set_wakeup_fd(current)
        for end in ends:
            os.close(end)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
