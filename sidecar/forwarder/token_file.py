"""The token's file, read again when it changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SENDABLE = re.compile(rb"[!-~]{1,1024}")


class NoTokenError(Exception):
    """That there is no token to send; its text says why, and never holds the file's content."""


class TokenFile:
    """A file that holds a token, and nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._token = ""

    def read(self) -> str:
        """Return the token as the file has it now. Raises NoTokenError."""
        try:
            status = self._path.stat()
            now = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            if now != self._seen:
                self._token = _token(self._path.read_bytes())
                self._seen = now
        except OSError as error:
            self._seen = ()
            raise NoTokenError(f"cannot be read: {error.strerror or 'unknown cause'}") from None
        return self._token


def _token(content: bytes) -> str:
    content = content.strip()
    if not content:
        raise NoTokenError("is empty")
    if not _SENDABLE.fullmatch(content):
        raise NoTokenError("holds characters that no call can carry")
    return content.decode("ascii")
