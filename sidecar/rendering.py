"""A rendering: relative path → text, and its way to a folder, whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Iterator

Rendering = Mapping[str, str]
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


def diff(rendering: Rendering, folder: Path) -> str:
    """Return a unified diff from the folder's files to the rendering; empty when they are equal."""
    parts: list[str] = []
    for name, text in sorted(rendering.items()):
        path = folder / name
        old = _read(path) if path.is_file() else ""
        parts += difflib.unified_diff(
            old.splitlines(keepends=True), text.splitlines(keepends=True), f"{path}", f"{path} (new)"
        )
    return "".join(parts)


def write(rendering: Rendering, folder: Path) -> None:
    """Put the rendering into the folder; files that are not of the rendering stay as they are.

    A new folder appears by one rename. In a folder that exists every file is written beside its place first,
    then moved; whatever stops that half-way, an interrupt too, puts the old files back.
    Raises SidecarError where the folder cannot take it.
    """
    check_folder(folder)
    for name in rendering:
        _check_inside(folder, name)
    try:
        if folder.exists():
            _replace_files(rendering, folder)
        else:
            _new_folder(rendering, folder)
    except OSError as error:
        cause = f"cannot be written: {error.strerror or error}"
        raise SidecarError(str(folder), cause, "Nothing was changed; check space and rights") from error


def check_folder(folder: Path) -> None:
    """Raise SidecarError for a path that cannot become or be an output folder."""
    if folder.is_symlink():
        raise SidecarError(str(folder), f"is a link to {folder.readlink()}", "Name the folder itself")
    if folder.exists() and not folder.is_dir():
        raise SidecarError(str(folder), "is a file", "Name a folder with --out")
    parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not parent.is_dir():
        raise SidecarError(str(parent), "is a file", "Name a folder with --out")
    if not os.access(parent, os.W_OK):
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


def _new_folder(rendering: Rendering, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in rendering.items():
            _write_file(staged / name, text)
        staged.chmod(_FOLDER_MODE)
        staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _replace_files(rendering: Rendering, folder: Path) -> None:
    with contextlib.ExitStack() as undo:
        staged = {name: _stage(folder / name, text, undo) for name, text in rendering.items()}
        # docker-compose.yml moves last: it is what makes a folder deployable
        for name, new in sorted(staged.items(), key=lambda item: item[0] == "docker-compose.yml"):
            _move(new, folder / name, undo)
        undo.pop_all()
    for name in rendering:
        _old_name(folder / name).unlink(missing_ok=True)


def _stage(path: Path, text: str, undo: contextlib.ExitStack) -> Path:
    for parent in reversed(list(_missing_parents(path))):
        parent.mkdir(mode=_FOLDER_MODE)
        undo.callback(shutil.rmtree, parent, ignore_errors=True)
    new = path.with_name(f".{path.name}.sidecar-new")
    undo.callback(new.unlink, missing_ok=True)
    _write_file(new, text)
    return new


def _move(new: Path, path: Path, undo: contextlib.ExitStack) -> None:
    if path.exists():
        old = _old_name(path)
        old.unlink(missing_ok=True)
        os.link(path, old)
        undo.callback(old.replace, path)
    else:
        undo.callback(path.unlink, missing_ok=True)
    new.replace(path)


def _missing_parents(path: Path) -> Iterator[Path]:
    for parent in path.parents:
        if parent.exists():
            return
        yield parent


def _old_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.sidecar-old")


def _write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(_FILE_MODE)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
