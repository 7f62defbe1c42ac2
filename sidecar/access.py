"""What the system says against a path, as a known error: rights, space and the like are no defect of the kit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def told(
    path: Path, cause: str = "cannot be read", fix: str = "Check its rights and its owner"
) -> Iterator[None]:
    """Raise SidecarError "PATH: CAUSE: what the system says" for an OSError; it names its own path, else this one."""
    try:
        yield
    except OSError as error:
        raise SidecarError(
            str(error.filename or path), f"{cause}: {error.strerror or error}", fix
        ) from error


def require_rendered(folder: Path) -> None:
    """Raise SidecarError where --out, which is to hold a rendering, is no folder."""
    with told(folder):
        there = folder.is_dir()
    if not there:
        raise SidecarError(
            f"--out {folder}", "it is not a folder", "Render into it first: `sidecar render`"
        )
