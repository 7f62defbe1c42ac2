"""The overlay in COMPOSE_FILE of a project's .env, so that `docker compose up` reads it, too."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sidecar import dotenv
from sidecar.existing.compose.files import FILE_VARIABLE, found_in, separator
from sidecar.existing.compose.interpolation import env_file_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


_MARK = "# By `sidecar inject --activate`; `--remove` takes out this line and the next."
_BLOCK = re.compile(
    rf"(?P<before>(?:\r?\n)?){re.escape(_MARK)}\r?\n{FILE_VARIABLE}=[^\r\n]*(?P<after>(?:\r?\n)?)"
)


def activate(
    folder: Path, files: Sequence[Path], overlay: Path, environment: Mapping[str, str]
) -> bool:
    """Name the overlay after the stack's files; return whether .env changed.

    Of two lines with one variable the later wins, so a line of the user's stays as it is.
    """
    values = env_file_values(folder / dotenv.NAME)
    between = separator(values, environment)
    names = between.join(os.path.relpath(path, folder) for path in (*files, overlay))
    if values.get(FILE_VARIABLE) == names:
        return False
    return dotenv.rewrite(folder, lambda text: _with_block(_without_block(text), names))


def deactivate(folder: Path, overlay: Path, environment: Mapping[str, str]) -> bool:
    """Take the overlay out of .env; return whether it changed.

    Of a line that the user wrote, the overlay's name goes; where only files are left that Compose
    takes by itself, the variable goes, too.
    """
    path = folder / dotenv.NAME
    changed = dotenv.rewrite(folder, _without_block)
    values = env_file_values(path)
    between = separator(values, environment)
    given = values.get(FILE_VARIABLE, "").split(between)
    name = os.path.relpath(overlay, folder)
    if name in given:
        left = [each for each in given if each != name]
        usual = [os.path.relpath(found, folder) for found in found_in(folder)]
        value = None if left == usual else between.join(left)
        changed = dotenv.update(folder, {FILE_VARIABLE: value})
    if changed and not path.read_bytes():
        path.unlink()
    return changed


def _with_block(text: str, names: str) -> str:
    """Return the text with the mark and the variable, in a form that `_without_block` undoes."""
    end = "\r\n" if "\r\n" in text else "\n"
    block = f"{_MARK}{end}{dotenv.line(FILE_VARIABLE, names)}"
    whole = not text or text.endswith("\n")
    return f"{text}{block}{end}" if whole else f"{text}{end}{block}"


def _without_block(text: str) -> str:
    return _BLOCK.sub(lambda found: found["before"] if found["after"] else "", text)
