"""What a program printed."""

from __future__ import annotations


def last_line(text: str) -> str:
    """Return the last line of a program's output, which names the cause of a failure."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
