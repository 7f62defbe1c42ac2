"""SIGTERM and SIGHUP end a command like Ctrl-C: by an exception, which lets it roll back."""

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
    """Raise Interrupted at the first signal, and ignore later ones: they must not stop a rollback.

    A signal that is already ignored stays ignored (nohup, a background job of a shell). Outside the
    main thread this does nothing, because Python handles signals only there.
    """
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
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
    """Let a signal wait until the end of the block, which must not stop half-way."""
    received: list[int] = []
    held = [number for number in _NUMBERS if signal.getsignal(number) is _raise]
    try:
        for number in held:
            signal.signal(number, lambda number, _: received.append(number))
    except ValueError:  # not the main thread: no signal arrives here
        held = []
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, _raise)
        if received:
            _raise(received[0], None)


def _raise(number: int, _: FrameType | None) -> None:
    for other in _NUMBERS:
        if signal.getsignal(other) is _raise:
            # not a handler: programs that a rollback starts inherit only that a signal is ignored
            signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)
