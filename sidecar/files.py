"""Files on disk: replaced as a whole or not at all, locked, with errors that name a fix."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_NEW, _OLD = "sidecar-new", "sidecar-old"
_LEFT = re.compile(rf"\.(?P<name>.+?)\.(?:[0-9a-f]{{8}}\.)?(?:{_NEW}|{_OLD})", re.DOTALL)


@contextmanager
def reading(
    path: Path,
    fix: str = "Check the path and its permissions",
    *,
    id: str = "",  # noqa: A002 - as SidecarError.id
) -> Iterator[None]:
    """Turn an OSError into SidecarError: permissions and the like are not a defect in the kit.

    The subject is the path that the system names, else this one.
    """
    try:
        yield
    except OSError as error:
        subject = str(error.filename or path)
        cause = f"cannot be read: {error.strerror or error}"
        raise SidecarError(subject, cause, fix, id=id) from error


@contextmanager
def writing(
    path: Path, fix: str = "Check the folder, permissions and free space"
) -> Iterator[None]:
    """Turn an OSError into SidecarError; its subject is this path, not that of a temporary file."""
    try:
        yield
    except OSError as error:
        cause = f"cannot be written: {error.strerror or 'unknown cause'}"
        raise SidecarError(str(path), cause, fix) from error


def real(path: Path) -> Path:
    """Return an absolute path with its links followed; where these lead in a circle, itself.

    What then opens it fails with an OSError. Before Python 3.13, `resolve` raises RuntimeError.
    """
    try:
        return path.resolve()
    except RuntimeError:
        return path.absolute()


def write(path: Path, content: bytes, mode: int | None = 0o644) -> None:
    """Replace a file in one step; a reader sees the old content or the new one. Raises OSError.

    With `mode` None an existing file keeps its mode and its owner.
    """
    with ExitStack() as undo:
        stage(path, content, undo, mode).replace(path)
        undo.pop_all()


def write_all(contents: Mapping[Path, bytes], fix: str, mode: int | None = 0o644) -> None:
    """Replace several files, or none. Raises SidecarError, which names the file that fails.

    `mode` is as for `write`.
    """
    staged: dict[Path, Path] = {}
    copies: list[Path | None] = []
    with ExitStack() as undo:
        for path, content in contents.items():
            with writing(path, fix):
                staged[path] = stage(path, content, undo, mode)
        for path, new in staged.items():
            with writing(path, fix):
                copies.append(move(new, path, undo))
        undo.pop_all()
    for copy in filter(None, copies):
        _remove(copy)


def stage(path: Path, content: bytes, undo: ExitStack, mode: int | None = 0o644) -> Path:
    """Write the new content of a file next to it, and onto the disk; `undo` removes it.

    Raises OSError where it cannot be written, or the path is a folder's, which no file replaces.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    new = _neighbour(path, _NEW)
    undo.callback(_remove, new)
    # closed to others until it is complete: it may hold a token
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    if mode is None:
        _copy_rights(path, new)
    else:
        new.chmod(mode)
    return new


def move(new: Path, path: Path, undo: ExitStack) -> Path | None:
    """Move a staged file to its place; `undo` restores what was there.

    Returns the copy of the old file, which the caller removes at the end; None if there was none.
    """
    old = None
    if path.exists():
        old = _neighbour(path, _OLD)
        undo.callback(_remove, old)
        shutil.copy2(path, old)  # no hard link: not every file system has them
        undo.callback(old.replace, path)
    else:
        undo.callback(path.unlink, missing_ok=True)
    new.replace(path)
    return old


def sweep(paths: Iterable[Path]) -> None:
    """Remove what a killed process left next to files. The caller holds the lock."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        names.setdefault(path.parent, set()).add(path.name)
    for folder, known in names.items():
        for left in folder.iterdir() if folder.is_dir() else ():
            found = _LEFT.fullmatch(left.name)
            if found and found["name"] in known:
                _remove(left)


@contextmanager
def locked_folder(folder: Path, wait: Callable[[], object]) -> Iterator[bool]:
    """Hold the lock of an existing folder; `wait` is called if another process holds it.

    The lock ends with the process. Yields False on a file system without locks. Raises OSError.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with _locked(os.open(folder, flags), wait) as locked:
        yield locked


@contextmanager
def locked_file(path: Path, wait: Callable[[], object]) -> Iterator[bool]:
    """Hold the lock of a file, which is created if it is missing; otherwise like locked_folder."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with _locked(os.open(path, flags, 0o600), wait) as locked:
        yield locked


@contextmanager
def _locked(descriptor: int, wait: Callable[[], object]) -> Iterator[bool]:
    try:
        yield _lock(descriptor, wait)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, wait: Callable[[], object]) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False  # some network file systems
    return True


def _neighbour(path: Path, suffix: str) -> Path:
    # not tempfile.mkstemp: `undo` must know the name before the file exists
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.{suffix}")


def _remove(path: Path) -> None:
    """Remove a file of our own; what keeps it is of no interest beside what was to be done."""
    with suppress(OSError):
        path.unlink()


def _copy_rights(path: Path, new: Path) -> None:
    if not path.exists():
        new.chmod(0o644)
        return
    status = path.stat()
    with suppress(PermissionError):  # only root may give a file away
        os.chown(new, status.st_uid, status.st_gid)
    new.chmod(status.st_mode & 0o777)
