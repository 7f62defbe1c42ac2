"""The token's file: written whole or not at all, 0444 in a 0700 folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from sidecar.errors import SidecarError
from sidecar.tokens import agent_config


def write(token: str, path: Path, key: str) -> None:
    """Write the agent's config file: the agent's user reads it, the host's others do not.

    Raises SidecarError where the folder cannot take it.
    """
    put(path, agent_config(token, key).encode())


def put(path: Path, content: bytes) -> None:
    """Put a whole config file into place. Raises SidecarError where the folder cannot take it."""
    for link in (path, path.parent):
        if link.is_symlink():
            raise SidecarError(str(link), "is a link", "Remove it: a token is kept in the folder itself")
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.parent.chmod(0o700)
        _replace(path, content)
    except OSError as error:
        cause = f"cannot be written: {error.strerror or 'unknown cause'}"
        raise SidecarError(str(path), cause, "Check the folder, its rights and the space") from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".agent.")
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
