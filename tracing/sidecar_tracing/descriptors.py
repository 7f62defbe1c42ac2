"""Our file descriptors, in a service that may close them and reuse their numbers.

Nothing is ever written to, read from, or closed by a number that is not ours any more.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _socket

Identity = tuple[int, int] | None


def identity(number: int) -> Identity:
    """Return what tells an open file from another one of the same number; None if it is closed."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Socket:
    """A socket of the platform, also where greenlets replace sockets."""

    def __init__(self, opened: _socket.socket) -> None:
        self._opened = opened
        self._identity = identity(opened.fileno())

    @property
    def is_lost(self) -> bool:
        """Whether the service has closed it; its number may be another file's.

        False after `close`: what we closed is not lost.
        """
        number = self._opened.fileno()
        return number >= 0 and identity(number) != self._identity

    def own(self) -> _socket.socket:
        """Return the socket, for one use. Raises OSError if it is lost."""
        if self.is_lost:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._opened

    def close(self) -> None:
        """Close it, or leave its number to the service."""
        with suppress(OSError):
            if self.is_lost:
                self._opened.detach()
            else:
                self._opened.close()
