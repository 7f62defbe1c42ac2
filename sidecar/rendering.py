"""A rendering: relative path → text, and its way to a folder, whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from sidecar.errors import SidecarError

Rendering = Mapping[str, str]
HEADER = "# Rendered by sidecar"
"""How every rendered file begins: what begins otherwise is a user's own, and is never replaced."""
CHART = "helm/"
"""The chart's place in a rendering."""
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


def diff(rendering: Rendering, folder: Path) -> str:
    """Return a unified diff from the folder's files to the rendering; empty when they are equal."""
    parts: list[str] = []
    for name, text in sorted(rendering.items()):
        path = folder / name
        parts += difflib.unified_diff(_lines(_read(path)), _lines(text), f"{path}", f"{path} (new)")
    return "".join(parts)


def write(rendering: Rendering, folder: Path) -> None:
    """Put the rendering into the folder; files that are not of the rendering stay as they are.

    A new folder appears by one rename. In a folder that exists every file that changes is written beside its place
    first, then moved; whatever stops that half-way, an interrupt too, puts the old files back.
    Raises SidecarError where the folder cannot take it.
    """
    check(rendering, folder)
    try:
        if folder.exists():
            _replace_files(rendering, folder)
        else:
            _new_folder(rendering, folder)
    except OSError as error:
        cause = f"cannot be written: {error.strerror or error}"
        raise SidecarError(str(folder), cause, "Nothing was changed; check space and rights") from error


def check(rendering: Rendering, folder: Path) -> None:
    """Raise SidecarError where the folder cannot take the rendering, or holds a file of that name by another hand."""
    try:
        _check_folder(folder)
        for name in rendering:
            _check_inside(folder, name)
            _check_own(folder, name)
    except OSError as error:
        cause = f"cannot be looked into: {error.strerror or error}"
        raise SidecarError(str(folder), cause, "Choose another --out, or change its rights") from error


def _check_folder(folder: Path) -> None:
    if folder.is_symlink():
        raise SidecarError(str(folder), f"is a link to {folder.readlink()}", "Name the folder itself")
    parent = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not parent.is_dir():
        raise SidecarError(str(parent), "is not a folder", "Name a folder with --out")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SidecarError(str(parent), "is not writable", "Choose another --out, or change its rights")


def _check_inside(folder: Path, name: str) -> None:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise SidecarError(name, "is not a path inside the rendering")
    for path in [folder / name, *(folder / part for part in pure.parents if part.parts)]:
        if path.is_symlink():
            raise SidecarError(str(path), f"is a link to {path.readlink()}", "Remove it; the kit writes no links")
    if (folder / name).is_dir():
        raise SidecarError(str(folder / name), "is a folder, and the rendering has a file of that name", "Move it away")


def _check_own(folder: Path, name: str) -> None:
    path = folder / name
    if path.exists() and not _read(_speaker(folder, name)).startswith(HEADER):
        raise SidecarError(str(path), "was not written by sidecar", "Move it away, or choose another --out")


def _speaker(folder: Path, name: str) -> Path:
    """Return the file that says whose a file is: in a chart its Chart.yaml, for JSON and templates have no header."""
    if name.startswith(CHART):
        return folder / CHART / "Chart.yaml"
    return folder / name


def _new_folder(rendering: Rendering, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as undo:
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        undo.callback(shutil.rmtree, staged, ignore_errors=True)
        for name, text in rendering.items():
            _write_file(staged / name, text, undo)
        staged.chmod(_FOLDER_MODE)
        staged.rename(folder)
        undo.pop_all()


def _replace_files(rendering: Rendering, folder: Path) -> None:
    changed = {name: text for name, text in rendering.items() if not _holds(folder / name, text)}
    with contextlib.ExitStack() as undo:
        staged = {name: _stage(folder / name, text, undo) for name, text in changed.items()}
        # docker-compose.yml moves last: it is what makes a folder deployable
        for name, new in sorted(staged.items(), key=lambda item: item[0] == "docker-compose.yml"):
            _move(new, folder / name, undo)
        undo.pop_all()
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
    except (OSError, UnicodeDecodeError):
        return ""


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
