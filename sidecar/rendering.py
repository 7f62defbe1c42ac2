"""A rendering: relative path → text, and its way to a folder, whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import errno
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidecar.access import told
from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Rendering = Mapping[str, str]
HEADER = "# Rendered by sidecar"
"""How every rendered file begins: what begins otherwise is a user's own, and is never replaced."""
CHART = "helm/"
"""The chart's place in a rendering."""
_ROUNDS = 3
"""A first run into a folder may find that another made it meanwhile."""
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


def diff(rendering: Rendering, folder: Path) -> str:
    """Return a unified diff from the folder's files to the rendering; empty when they are equal.

    Raises SidecarError where the folder cannot be looked into.
    """
    parts: list[str] = []
    for name, text in sorted(rendering.items()):
        path = folder / name
        with told(path):
            parts += difflib.unified_diff(
                _lines(_read(path)), _lines(text), f"{path}", f"{path} (new)"
            )
    return "".join(parts)


def write(rendering: Rendering, folder: Path) -> None:
    """Put one rendering into a folder; see write_all."""
    write_all({folder: rendering})


def write_all(renderings: Mapping[Path, Rendering]) -> None:
    """Put each rendering into its folder, or none of them; files that are not of a rendering stay as they are.

    A new folder appears by one rename. In a folder that exists every file that changes is written beside its place
    first, then moved; whatever stops that half-way, an interrupt too, puts the old files back. Another run into the
    same folder is waited for. Raises SidecarError where a folder cannot take it.
    """
    for folder, rendering in renderings.items():
        check(rendering, folder)
    for _ in range(_ROUNDS):
        with contextlib.suppress(FileExistsError):
            return _write_all(renderings)
    raise SidecarError(
        str(next(iter(renderings))), "is written by others all the time", "Try again"
    )


def check(rendering: Rendering, folder: Path) -> None:
    """Raise SidecarError where the folder cannot take the rendering, or holds a file of that name by another hand."""
    with told(folder, "cannot be looked into", "Choose another --out, or change its rights"):
        _check_folder(folder)
        for name in rendering:
            _check_inside(folder, name)
            _check_own(folder, name)


def _check_folder(folder: Path) -> None:
    if folder.is_symlink():
        raise SidecarError(
            str(folder), f"is a link to {folder.readlink()}", "Name the folder itself"
        )
    parent = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not parent.is_dir():
        raise SidecarError(str(parent), "is not a folder", "Name a folder with --out")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SidecarError(
            str(parent), "is not writable", "Choose another --out, or change its rights"
        )


def _check_inside(folder: Path, name: str) -> None:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise SidecarError(name, "is not a path inside the rendering")
    for path in [folder / name, *(folder / part for part in pure.parents if part.parts)]:
        if path.is_symlink():
            raise SidecarError(
                str(path), f"is a link to {path.readlink()}", "Remove it; the kit writes no links"
            )
    if (folder / name).is_dir():
        raise SidecarError(
            str(folder / name),
            "is a folder, and the rendering has a file of that name",
            "Move it away",
        )


def _check_own(folder: Path, name: str) -> None:
    path = folder / name
    if path.exists() and not _read(_speaker(folder, name)).startswith(HEADER):
        raise SidecarError(
            str(path), "was not written by sidecar", "Move it away, or choose another --out"
        )


def _speaker(folder: Path, name: str) -> Path:
    """Return the file that says whose a file is: in a chart its Chart.yaml, for JSON and templates have no header."""
    if name.startswith(CHART):
        return folder / CHART / "Chart.yaml"
    return folder / name


def _write_all(renderings: Mapping[Path, Rendering]) -> None:
    """Stage all, then move all. Raises FileExistsError where another run made a folder meanwhile."""
    with contextlib.ExitStack() as locks, contextlib.ExitStack() as undo:
        moves: list[tuple[Path, Callable[[], None]]] = []
        for folder, rendering in sorted(
            renderings.items()
        ):  # in one order: two runs cannot wait for each other
            with _written(folder):
                stage = _stage_files if _locked(folder, locks) else _stage_folder
                moves.append((folder, stage(rendering, folder, undo)))
        for folder, move in moves:
            with _written(folder):
                move()
        undo.pop_all()
        _sweep(renderings)


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise FileExistsError(*error.args) from error
        cause = f"cannot be written: {error.strerror or error}"
        raise SidecarError(
            str(folder), cause, "Nothing was changed; check space and rights"
        ) from error


def _locked(folder: Path, locks: contextlib.ExitStack) -> bool:
    """Wait for other runs that write into the folder; False where there is none yet. The lock goes with the process."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    locks.callback(os.close, descriptor)
    with contextlib.suppress(OSError):  # NFS has no lock on a folder
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return True


def _stage_folder(
    rendering: Rendering, folder: Path, undo: contextlib.ExitStack
) -> Callable[[], None]:
    for parent in reversed([parent for parent in folder.parents if not parent.exists()]):
        undo.callback(_remove_empty, parent)
        parent.mkdir(exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    undo.callback(shutil.rmtree, staged, ignore_errors=True)
    for name, text in rendering.items():
        _write_file(staged / name, text, undo)
    staged.chmod(_FOLDER_MODE)
    undo.callback(_take_back, folder, staged)

    def move() -> None:
        staged.rename(folder)

    return move


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _take_back(folder: Path, staged: Path) -> None:
    if not staged.exists():  # it was renamed
        folder.rename(staged)


def _stage_files(
    rendering: Rendering, folder: Path, undo: contextlib.ExitStack
) -> Callable[[], None]:
    changed = {name: text for name, text in rendering.items() if not _holds(folder / name, text)}
    staged = {name: _stage(folder / name, text, undo) for name, text in changed.items()}

    def move() -> None:
        # docker-compose.yml moves last: it is what makes a folder deployable
        for name, new in sorted(staged.items(), key=lambda item: item[0] == "docker-compose.yml"):
            _move(new, folder / name, undo)

    return move


def _sweep(renderings: Mapping[Path, Rendering]) -> None:
    for folder, rendering in renderings.items():
        for name in rendering:
            with contextlib.suppress(OSError):
                _old_name(folder / name).unlink()


def _stage(path: Path, text: str, undo: contextlib.ExitStack) -> Path:
    new = path.with_name(f".{path.name}.sidecar-new")
    new.unlink(missing_ok=True)
    _write_file(new, text, undo)
    return new


def _move(new: Path, path: Path, undo: contextlib.ExitStack) -> None:
    if path.exists():
        old = _old_name(path)
        old.unlink(missing_ok=True)
        undo.callback(old.unlink, missing_ok=True)
        shutil.copy2(path, old)  # no hard link: not every file system has them
        undo.callback(old.replace, path)
    else:
        undo.callback(path.unlink, missing_ok=True)
    new.replace(path)


def _old_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.sidecar-old")


def _write_file(path: Path, text: str, undo: contextlib.ExitStack) -> None:
    missing = itertools.takewhile(lambda parent: not parent.exists(), path.parents)
    for parent in reversed(list(missing)):
        undo.callback(shutil.rmtree, parent, ignore_errors=True)
        parent.mkdir()
        parent.chmod(_FOLDER_MODE)
    undo.callback(path.unlink, missing_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(_FILE_MODE)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and _read(path) == text


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, UnicodeDecodeError):
        return ""


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
