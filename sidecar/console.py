"""What goes to a terminal: tables that fit its width, colour that respects NO_COLOR."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOURS = {"ok": "32", "warning": "33", "error": "31", "dim": "2", "bold": "1"}


def colour(text: str, style: str) -> str:
    """Return the text in a style (ok, warning, error, dim, bold) where standard output is a colour terminal."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else f"\x1b[{_COLOURS[style]}m{text}\x1b[0m"


def width() -> int:
    """Return the terminal's columns; 200 where the output is no terminal, so that pipes get whole lines."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 200


def table(head: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None = None) -> str:
    """Return aligned columns, or one block a row where the terminal is too narrow for them."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    if sum(widths) + 2 * len(widths) > (columns or width()):
        return "\n".join(_block(head, row) for row in rows)
    lines = (
        "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
    return "\n".join(lines)


def _block(head: Sequence[str], row: Sequence[str]) -> str:
    label = max(len(name) for name in head)
    rest = "\n".join(f"  {name.lower().ljust(label)}  {cell}" for name, cell in zip(head[1:], row[1:], strict=True))
    return f"{row[0]}\n{rest}"
