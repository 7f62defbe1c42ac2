"""Help texts, folded at the width of the terminal; examples stay lines that can be copied."""

from __future__ import annotations

import argparse
import os
import re
import textwrap
from itertools import groupby

_WIDEST = 118
_EXAMPLE = re.compile(r"(?P<command> +\S.*?\S) {2,}(?P<comment>\S.*)")


class Formatter(argparse.HelpFormatter):
    """Folds prose, and puts the comment of an example that is too long below it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(_columns() - 2, _WIDEST))
        # argparse forgets the indent of a command and would break the line after `completion`
        self._action_max_length = 16

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for is_prose, group in groupby(text.strip("\n").splitlines(), _is_prose):
            if is_prose:
                lines += _folded(" ".join(group), width, indent)
            else:
                lines += [part for line in group for part in _example(line, width)]
        return "\n".join(lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _folded(" ".join(text.split()), width)


def _is_prose(line: str) -> bool:
    return line[:1].strip() != ""


def _folded(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _example(line: str, width: int) -> list[str]:
    found = _EXAMPLE.fullmatch(line)
    if len(line) <= width or not found:
        return [line]
    return [found["command"], *_folded(found["comment"], width, " " * 6)]


def _columns() -> int:
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80
