"""Shows long work on standard error: one moving line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

PLAIN_SECONDS = 10.0
"""Without a terminal at most one line of progress in this time."""


class ProgressLine:
    """Takes decisions (kept) and progress (replaced by what follows)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        print(text, file=self._stream, flush=True)
        self._last = time.monotonic()

    def progress(self, text: str) -> None:
        """Show what is happening now."""
        if self._moving:
            columns = shutil.get_terminal_size().columns
            print(
                f"\r\x1b[K  {_printable(text)[: columns - 3]}",
                end="",
                file=self._stream,
                flush=True,
            )
        elif time.monotonic() - self._last >= PLAIN_SECONDS:
            self.say(f"  {_printable(text)}")

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moving:
            print("\r\x1b[K", end="", file=self._stream, flush=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
