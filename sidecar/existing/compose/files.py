"""Which files Compose reads: those that are named, or what it finds in a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.existing.compose.interpolation import env_file_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""What Compose takes in a folder: the first that exists."""
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""What Compose reads over that: the first that exists."""
FILE_VARIABLE = "COMPOSE_FILE"
SEPARATOR_VARIABLE = "COMPOSE_PATH_SEPARATOR"


def compose_files(given: Sequence[Path], environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files of a stack, in Compose's order.

    Several are taken as they are, as with several -f. For a folder, it is what COMPOSE_FILE of the
    environment or of its .env names, else the file with a usual name. To that one belongs its
    override: the stack is what `docker compose up` starts. Raises SidecarError where there is none.
    """
    if len(given) > 1:
        return tuple(given)
    (path,) = given
    with files.reading(path):
        if path.is_dir():
            return _in_folder(path, environment)
        return (path, *_override(path)) if path.name in NAMES else (path,)


def named(folder: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that COMPOSE_FILE names for a folder; empty where it names none."""
    dotenv = env_file_values(folder / ".env")
    text = environment.get(FILE_VARIABLE) or dotenv.get(FILE_VARIABLE, "")
    names = text.split(separator(dotenv, environment))
    return tuple(folder / name for name in names if name)


def separator(dotenv: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return what stands between the paths of COMPOSE_FILE."""
    return environment.get(SEPARATOR_VARIABLE) or dotenv.get(SEPARATOR_VARIABLE) or ":"


def found_in(folder: Path) -> tuple[Path, ...]:
    """Return what Compose takes in a folder by itself; empty where it takes nothing."""
    for name in NAMES:
        path = folder / name
        if path.is_file():
            return (path, *_override(path))
    return ()


def _in_folder(folder: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    if found := named(folder, environment) or found_in(folder):
        return found
    cause = f"holds no Compose file ({', '.join(NAMES)})"
    raise SidecarError(str(folder), cause, "Name one")


def _override(path: Path) -> list[Path]:
    overrides = (path.with_name(name) for name in OVERRIDES)
    return [override for override in overrides if override.is_file()][:1]
