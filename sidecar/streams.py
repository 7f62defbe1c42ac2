"""The standard streams where one is closed, or cannot take what is written."""

from __future__ import annotations

import fcntl
import io
import os
import sys

from sidecar.errors import UsageError

TYPE_CHECKING = False  # as in cli.py
if TYPE_CHECKING:
    from typing import NoReturn, TextIO


class _ClosedInput(io.FileIO):
    """What stands for a closed standard input."""

    def readinto(self, _: object) -> NoReturn:
        raise UsageError("standard input", "is closed", "Redirect a file or a pipe into it")

    def readall(self) -> NoReturn:
        self.readinto(None)


def replace_closed() -> None:
    """Open the null device for each standard stream that is closed.

    Otherwise the next file that is opened would become that stream, and get what is printed. To
    read such an input, or to write such an output, stays an error; messages are discarded.
    """
    if sys.stdin is None:
        raw = _ClosedInput(_null(os.O_RDWR))
        sys.stdin = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(_null(os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(_null(os.O_RDWR), "w", encoding="utf-8")


def _null(flags: int) -> int:
    """Return a descriptor of the null device: the lowest that is free, so the stream's own."""
    return os.open(os.devnull, flags)


def is_closed_output() -> bool:
    """Tell whether nothing can be written to standard output, as after `replace_closed`."""
    return fcntl.fcntl(sys.stdout.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def tell(text: str) -> None:
    """Print a last message to standard error; it cannot change the exit code."""
    try:
        print(f"sidecar: {text}", file=sys.stderr, flush=True)
    except OSError:
        abandon(sys.stderr)


def abandon(stream: TextIO) -> None:
    """Discard what a stream still holds: the interpreter's last flush would fail a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
