"""A rendering: relative path → text, and its path to a folder, whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import errno
import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sidecar import files, signals
from sidecar.errors import SidecarError
from sidecar.rules.deployments import FOLDER_REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Rendering = Mapping[str, str]
HEADER = "# Rendered by sidecar"
"""The start of every rendered file: what starts otherwise is a user's own and is never replaced."""
DASHBOARD, RULES = "monitoring/dashboard.json", "monitoring/rules.yml"
"""The first cannot say who made it; the second is rendered with it."""
LOCAL_TOKEN_FILE, LOCAL_BARE_FILE = "local-agent.yaml", "local-forwarder/token"
"""For the region `local`; the second cannot say who made it, and is rendered with the first."""
COMPOSE_FILE = "docker-compose.yml"
CHART = "helm/"
"""The chart's folder in a rendering."""
_ROUNDS = 3
"""A first run into a folder may find that another run created it meanwhile."""
_FOLDER_MODE = 0o755


def diff(rendering: Rendering, folder: Path) -> str:
    """Return a unified diff from the folder's files to the rendering; empty when they are equal.

    Raises SidecarError if the folder cannot be read.
    """
    parts: list[str] = []
    for name, text in sorted(rendering.items()):
        path = folder / name
        with files.reading(path):
            parts += difflib.unified_diff(
                _lines(_read(path)), _lines(text), f"{path}", f"{path} (new)"
            )
    return "".join(parts)


def write(rendering: Rendering, folder: Path) -> None:
    """Put one rendering into a folder; see write_all."""
    write_all({folder: rendering})


def write_all(
    renderings: Mapping[Path, Rendering], say: Callable[[str], object] = lambda _: None
) -> None:
    """Put each rendering into its folder, or none of them; other files stay as they are.

    A new folder appears by one rename. In a folder that exists, every file that changes is first
    written next to its place, then moved. If anything stops that half-way, even an interrupt, the
    old files are restored. Another run into the same folder is waited for; `say` gets a line then.
    Raises SidecarError if a folder cannot take its rendering.
    """
    for folder, rendering in renderings.items():
        check(rendering, folder)
    for _ in range(_ROUNDS):
        with contextlib.suppress(FileExistsError):
            return _write_all(renderings, say)
    raise SidecarError(str(next(iter(renderings))), "other runs keep writing into it", "Try again")


def require_rendered(folder: Path) -> None:
    """Raise SidecarError if --out, which is to hold a rendering, is not a folder."""
    with files.reading(folder):
        exists = folder.is_dir()
    if not exists:
        raise SidecarError(f"--out {folder}", "it is not a folder", "Run `sidecar render` first")


def check(rendering: Rendering, folder: Path) -> None:
    """Raise SidecarError if the folder cannot take the rendering or a user's file is in its way."""
    with files.reading(folder, fix="Choose another --out, or change its permissions"):
        _check_folder(folder)
        _check_links(folder, rendering)
        check_own(folder, rendering)


def _check_folder(folder: Path) -> None:
    if folder.is_symlink():
        raise _refusal(str(folder), f"is a link to {folder.readlink()}", "Name the folder itself")
    parent = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not parent.is_dir():
        raise _refusal(str(parent), "is not a folder", "Name a folder with --out")
    if not os.access(parent, os.W_OK | os.X_OK):
        fix = "Choose another --out, or change its permissions"
        raise _refusal(str(parent), "is not writable", fix)


def _check_links(folder: Path, rendering: Rendering) -> None:
    """Check every file of the rendering and every folder above it, each of them once."""
    inside: set[PurePosixPath] = set()
    for name in rendering:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise SidecarError(name, "is not a path inside the rendering")
        inside |= {pure, *pure.parents}
    for path in sorted(folder / pure for pure in inside):
        if path.is_symlink():
            fix = "Remove it; the kit writes no links"
            raise _refusal(str(path), f"is a link to {path.readlink()}", fix)


def is_own(path: Path) -> bool:
    """Tell whether a file begins as a rendered one does."""
    return _read(path).startswith(HEADER)


def check_own(folder: Path, rendering: Rendering) -> None:
    """Raise SidecarError where a file that the kit did not write has the name of a rendered one."""
    own: dict[Path, bool] = {}
    for name in rendering:
        path, signed = folder / name, _signed(folder, name)
        if path.is_dir():
            cause = "is a folder, and the rendering has a file of that name"
            raise _refusal(str(path), cause, "Move it away")
        if signed not in own:
            own[signed] = is_own(signed)
        if not own[signed] and path.exists():
            fix = "Move it away, or choose another --out"
            raise _refusal(str(path), "was not written by sidecar", fix)


def _refusal(subject: str, cause: str, fix: str) -> SidecarError:
    return SidecarError(subject, cause, fix, id=FOLDER_REFUSED.id)


def _signed(folder: Path, name: str) -> Path:
    """Return the file that shows who wrote a file: for a chart's, its Chart.yaml.

    JSON, templates and a bare token have no header.
    """
    if name == LOCAL_BARE_FILE:
        return folder / LOCAL_TOKEN_FILE
    if name == DASHBOARD:  # JSON has no comments
        return folder / RULES
    if name.startswith(CHART):
        return folder / CHART / "Chart.yaml"
    return folder / name


def _write_all(renderings: Mapping[Path, Rendering], say: Callable[[str], object]) -> None:
    """Stage all, then move all.

    Raises FileExistsError if another run created a folder meanwhile.
    """
    with contextlib.ExitStack() as locks, contextlib.ExitStack() as undo:
        moves: list[tuple[Path, Callable[[], None]]] = []
        locked: list[Path] = []
        # in one order, so that two runs cannot wait for each other
        for folder, rendering in sorted(renderings.items()):
            with _writing(folder):
                if _locked(folder, locks, say):
                    locked.append(folder)
                    moves.append((folder, _stage_files(rendering, folder, undo)))
                else:
                    moves.append((folder, _stage_folder(rendering, folder, undo)))
        for folder, move in moves:
            with _writing(folder):
                move()
        undo.pop_all()
        for folder in locked:  # in a new folder, another run may be writing by now
            files.sweep(folder / name for name in renderings[folder])


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise FileExistsError(*error.args) from error
        with files.writing(folder, "Nothing was changed; check permissions and free space"):
            raise


def _locked(folder: Path, locks: contextlib.ExitStack, say: Callable[[str], object]) -> bool:
    """Wait for other runs that write into the folder; False if it does not exist yet."""

    def wait() -> None:
        say(f"waiting for another command that writes into {folder}")

    try:
        locks.enter_context(files.locked_folder(folder, wait))
    except FileNotFoundError:
        return False
    return True


def _stage_folder(
    rendering: Rendering, folder: Path, undo: contextlib.ExitStack
) -> Callable[[], None]:
    for parent in reversed([parent for parent in folder.parents if not parent.exists()]):
        undo.callback(_remove_empty, parent)
        parent.mkdir(exist_ok=True)
    with signals.deferred():
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        undo.callback(shutil.rmtree, staged, ignore_errors=True)
    for name, text in rendering.items():
        _make_parents(staged / name, undo)
        files.write(staged / name, text.encode())
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
    staged: dict[str, Path] = {}
    for name, text in rendering.items():
        path = folder / name
        if not _holds(path, text):
            _make_parents(path, undo)
            staged[name] = files.stage(path, text.encode(), undo)

    def move() -> None:
        # docker-compose.yml moves last: it is what makes a folder deployable
        for name, new in sorted(staged.items(), key=lambda item: item[0] == COMPOSE_FILE):
            files.move(new, folder / name, undo)

    return move


def _make_parents(path: Path, undo: contextlib.ExitStack) -> None:
    missing = itertools.takewhile(lambda parent: not parent.exists(), path.parents)
    for parent in reversed(list(missing)):
        undo.callback(shutil.rmtree, parent, ignore_errors=True)
        parent.mkdir()
        parent.chmod(_FOLDER_MODE)


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
