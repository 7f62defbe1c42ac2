"""The token's file: written whole or not at all, 0444 in a 0700 folder; by one command at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.agent import config_text
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STAGED = ".agent."


def write(token: str, path: Path, key: str) -> None:
    """Write the agent's config file: the agent's user reads it, the host's others do not.

    Raises SidecarError where the folder cannot take it.
    """
    put(path, config_text(token, key).encode())


@contextmanager
def alone(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Make the file's folder, and wait until no other command writes there. Raises SidecarError.

    The lock goes with the process, whatever ends it.
    """
    with _refusals(path):
        _make_folder(path)
        descriptor = os.open(
            path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    try:
        if _lock(descriptor, say):
            _sweep(path.parent)
        yield
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes) -> None:
    """Put a whole config file into place. Raises SidecarError where the folder cannot take it."""
    with _refusals(path):
        _make_folder(path)
        _replace(path, content)


def _lock(descriptor: int, say: Callable[[str], None]) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another `sidecar token` to end")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False  # some network file systems lock no folder
    return True


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = f"cannot be written: {error.strerror or 'unknown cause'}"
        raise SidecarError(
            str(path), cause, "Check the folder, its rights and the space"
        ) from error


def _make_folder(path: Path) -> None:
    for link in (path, path.parent):
        if link.is_symlink():
            raise SidecarError(
                str(link), "is a link", "Remove it: a token is kept in the folder itself"
            )
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)


def _sweep(folder: Path) -> None:
    """Remove what a killed command left: each holds a token. Under the lock nobody writes one."""
    for left in folder.glob(f"{_STAGED}????????"):
        with suppress(OSError):
            left.unlink()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_STAGED)
    staged = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(0o444)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
