"""The overlay in COMPOSE_FILE of a project's .env, so that `docker compose up` reads it, too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sidecar import dotenv
from sidecar.existing.compose.files import FILE_VARIABLE, found_in, separator
from sidecar.existing.compose.interpolation import env_file_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def activate(
    folder: Path, files: Sequence[Path], overlay: Path, environment: Mapping[str, str]
) -> bool:
    """Name the overlay after the stack's files; return whether .env changed."""
    between = separator(env_file_values(folder / dotenv.NAME), environment)
    paths = (*files, overlay)
    names = [os.path.relpath(path, folder) for path in paths]
    return dotenv.update(folder, {FILE_VARIABLE: between.join(names)})


def deactivate(folder: Path, overlay: Path, environment: Mapping[str, str]) -> bool:
    """Take the overlay out of .env; return whether it changed.

    If only files are left that Compose takes by itself, the variable goes, too.
    """
    path = folder / dotenv.NAME
    values = env_file_values(path)
    between = separator(values, environment)
    given = values.get(FILE_VARIABLE, "").split(between)
    name = os.path.relpath(overlay, folder)
    if name not in given:
        return False
    left = [each for each in given if each != name]
    usual = [os.path.relpath(found, folder) for found in found_in(folder)]
    dotenv.update(folder, {FILE_VARIABLE: None if left == usual else between.join(left)})
    if not path.read_bytes():
        path.unlink()
    return True
