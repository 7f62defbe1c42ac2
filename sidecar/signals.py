"""SIGTERM and SIGHUP end a command like Ctrl-C: by an exception, which lets it roll back."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType
    from typing import Any

    Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None

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
        _handle([number for number in before if before[number] is not signal.SIG_IGN], _raise)
        yield
    finally:
        for number, handler in before.items():
            _handle([number], handler)


@contextmanager
def ignored() -> Iterator[None]:
    """Ignore signals in a block that undoes what has failed: the command ends with that anyway.

    Programs that the block starts ignore them, too.
    """
    held = [number for number in _NUMBERS if signal.getsignal(number) is _raise]
    try:
        _handle(held, signal.SIG_IGN)
        yield
    finally:
        _handle(held, _raise)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a signal wait until the end of the block, which must not stop half-way."""
    received: list[int] = []
    held = [number for number in _NUMBERS if signal.getsignal(number) is _raise]
    try:
        _handle(held, lambda number, _: received.append(number))
        yield
    finally:
        _handle(held, _raise)
        if received:
            _raise(received[0], None)


def _handle(numbers: Iterable[int], handler: Handler) -> None:
    """Set a handler; nothing outside the main thread, where no signal arrives."""
    with suppress(ValueError):
        for number in numbers:
            signal.signal(number, handler)


def _raise(number: int, _: FrameType | None) -> None:
    for other in _NUMBERS:
        if signal.getsignal(other) is _raise:
            # not a handler: programs that a rollback starts inherit only that a signal is ignored
            signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)
