"""The token in a rendered folder: a file of mode 0444 in a folder of mode 0700."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import agent
from sidecar.errors import SidecarError
from sidecar.plan import LOCAL_TOKEN_FILE, TOKEN_FILE
from sidecar.tokens import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.tokens.store import Agents, Say

_STAGED = ".agent."


class FileStore:
    """The token file of a rendered folder, read by the agents of its Compose project."""

    written = "written"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / TOKEN_FILE
        self.name = str(self.path)

    @contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """Make the file's folder, and wait until no other command writes there.

        Raises SidecarError. The lock ends with the process, however that ends.
        """
        with _refusals(self.path):
            _make_folder(self.path)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.path.parent, flags)
        try:
            if _lock(descriptor, say):
                _sweep(self.path.parent)
            yield
        finally:
            os.close(descriptor)

    def read(self) -> bytes | None:
        """Return the file's content; None where there is no file."""
        with _refusals(self.path, "read"):
            return self.path.read_bytes() if self.path.is_file() else None

    def write(self, config: bytes) -> None:
        """Put the file into place: the agent's user reads it, other users of the host do not."""
        with _refusals(self.path):
            _make_folder(self.path)
            _replace(self.path, config)

    def restore(self, before: bytes | None) -> bool:
        """Put a former file back, or remove the new one where there was none."""
        if before is not None:
            self.write(before)
            return True
        with _refusals(self.path):
            self.path.unlink(missing_ok=True)
        return True

    def check(self, key: str) -> check.Checked:
        """Judge the file; the public one where the folder is of the region `local`."""
        public = self.folder / LOCAL_TOKEN_FILE
        path = public if public.is_file() and not self.path.exists() else self.path
        return check.check_agent_file(path, key, agent.USER)

    def agents(self) -> Agents:
        """Return the folder's running agents."""
        # `token set` and `check` need no engine, whose SDK would take half of their time
        from sidecar.tokens.compose_agents import find_agents  # noqa: PLC0415

        return find_agents(self.folder, self.path)


def _lock(descriptor: int, say: Say) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another `sidecar token` to end")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False  # some network file systems lock no folder
    return True


@contextmanager
def _refusals(path: Path, verb: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = f"cannot be {verb}: {error.strerror or 'unknown cause'}"
        fix = "Check the folder, its rights and the space"
        raise SidecarError(str(path), cause, fix) from error


def _make_folder(path: Path) -> None:
    for link in (path, path.parent):
        if link.is_symlink():
            fix = "Remove it: a token is kept in the folder itself"
            raise SidecarError(str(link), "is a link", fix)
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
