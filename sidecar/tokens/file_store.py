"""The token in a rendered folder: files of mode 0444 in a folder of mode 0700.

There are two: the config file of a jaeger-agent, and the bare token for the forwarder of
collectors, in a folder of its own with mode 0755, which its container mounts.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.engine.compose import rendered_file
from sidecar.engine.project import FORWARDER, ROLE
from sidecar.errors import SidecarError
from sidecar.plan import BARE_FILE, LOCAL_TOKEN_FILE, TOKEN_FILE
from sidecar.plan.agents import USER
from sidecar.tokens import check
from sidecar.tokens.check import token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sidecar.tokens.store import Agents, Say


class FileStore:
    """The token file of a rendered folder, read by the agents of its Compose project."""

    written = "written"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / TOKEN_FILE
        self.bare = folder / BARE_FILE
        self.name = str(self.path)

    @contextmanager
    def locked(self, say: Say) -> Iterator[None]:
        """Make the file's folder, and wait until no other command writes there.

        Raises SidecarError. The lock ends with the process, however that ends.
        """

        def wait() -> None:
            say("waiting for another `sidecar token` to end")

        with ExitStack() as lock:
            with files.writing(self.path):
                _make_folder(self.path)
                held = lock.enter_context(files.locked_folder(self.path.parent, wait))
            if held:
                files.sweep([self.path, self.bare])  # what a killed command left holds a token
            yield

    def read(self) -> bytes | None:
        """Return the file's content; None where there is no file."""
        with files.reading(self.path):
            return self.path.read_bytes() if self.path.is_file() else None

    def write(self, config: bytes) -> None:
        """Put both files into place: the agent's user reads them, others of the host do not."""
        with files.writing(self.path):
            _make_folder(self.path)
            before = self.bare.read_bytes() if self.bare.is_file() else None
            try:
                self._write_bare(token_of(config).encode())
                files.write(self.path, config, 0o444)
            except BaseException:
                self._write_bare(before)
                raise

    def _write_bare(self, token: bytes | None) -> None:
        if token:
            _check_link(self.bare.parent)
            self.bare.parent.mkdir(mode=0o755, exist_ok=True)
            self.bare.parent.chmod(0o755)  # the forwarder's user reads it; 0700 is around it
            files.write(self.bare, token, 0o444)
        else:
            self.bare.unlink(missing_ok=True)

    def restore(self, before: bytes | None) -> bool:
        """Put a former file back, or remove the new one where there was none."""
        if before is not None:
            self.write(before)
            return True
        with files.writing(self.path):
            self.path.unlink(missing_ok=True)
            self.bare.unlink(missing_ok=True)
        return True

    def check(self, key: str) -> check.Checked:
        """Judge the file; the public one where the folder is of the region `local`."""
        public = self.folder / LOCAL_TOKEN_FILE
        path = public if public.is_file() and not self.path.exists() else self.path
        return check.check_agent_file(path, key, USER)

    def agents(self) -> Agents:
        """Return the folder's running agents."""
        # `token set` and `check` need no engine, whose SDK would take half of their time
        from sidecar.tokens.compose_agents import find_agents  # noqa: PLC0415

        return find_agents(self.folder, self.path)


def is_forwarded(folder: Path) -> bool:
    """Tell whether a folder's token is read at each call, by its Compose file."""
    file = rendered_file(folder)
    return file.is_file() and f"{ROLE}: {FORWARDER}" in file.read_text(encoding="utf-8")


def _check_link(path: Path) -> None:
    if path.is_symlink():
        fix = "Remove it: a token is kept in the folder itself"
        raise SidecarError(str(path), "is a link", fix)


def _make_folder(path: Path) -> None:
    for link in (path, path.parent):
        _check_link(link)
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
