"""SIGTERM and SIGHUP end a command as Ctrl-C does: as an exception, so that all that is half done is put back."""

from __future__ import annotations

import signal
from contextlib import contextmanager

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Raise Interrupted at the first signal. Later ones are ignored: what is being put back is put back whole.

    A signal that is ignored already stays so (nohup, a shell's background job). Outside the main thread nothing
    is changed, Python takes signals there only.
    """
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    try:
        for number in [one for one, handler in before.items() if handler is not signal.SIG_IGN]:
            signal.signal(number, _raise)
    except ValueError:  # not the main thread
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a signal wait until the block is done: for what must not be left half-way."""
    came: list[int] = []
    held = [number for number in _NUMBERS if signal.getsignal(number) is _raise]
    try:
        for number in held:
            signal.signal(number, lambda number, _: came.append(number))
    except ValueError:  # not the main thread: no signal arrives here
        held = []
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, _raise)
        if came:
            _raise(came[0], None)


def _raise(number: int, _: FrameType | None) -> None:
    for one in _NUMBERS:
        if signal.getsignal(one) is _raise:
            # ignored, not handled: the programs that are started from now on, to put things back, inherit it
            signal.signal(one, signal.SIG_IGN)
    raise Interrupted(number)
