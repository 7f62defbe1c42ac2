"""The token and its one way: from a file, standard input or a variable into secrets/agent.yaml."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from sidecar.errors import SidecarError

TOKEN_VARIABLE = "TRACING_TOKEN"  # noqa: S105 - the variable's name, not a token
LOCAL_TOKEN = "local@stand-in_local@public-constant"  # noqa: S105 - public: what the stand-in checks in a clone
MASK = "***"
_PREFIX = "Authentication="
_SUSPECT = re.compile(rf"(?<={_PREFIX})[^\s'\"]+|(?<=adapt_)[^\s'\"/]+|[\w.-]+@[\w.-]+_[\w.-]+@[\w.-]+")


def agent_config(token: str, key: str) -> str:
    """Return the agent's config file: the tags key with the token, and nothing else."""
    from sidecar import yamlio

    section, name = key.split(".")
    return f"{section}:\n  {name}: {yamlio.flow(_PREFIX + token)}\n"


def clean(text: str) -> str:
    """Return the token of a pasted text: blanks around it and a whole `Authentication=` are taken off.

    Raises SidecarError, never with the text in it, where an agent would misread the token.
    """
    token = text.removeprefix("\ufeff").strip().removeprefix(_PREFIX)
    if not token:
        raise SidecarError("token", "is empty", "Copy it from the access-point page of the region")
    if "," in token:
        raise SidecarError("token", "holds a comma, at which the agent would split it", "Copy the token alone")
    if "$" in token:
        raise SidecarError("token", "holds a `$`, which the agent would expand", "Copy the token itself")
    if any(char.isspace() or not char.isprintable() for char in token):
        raise SidecarError("token", "holds a blank, a line break or a control character", "Copy the token alone")
    return token


def write(token: str, path: Path, key: str) -> None:
    """Write the agent's config file, 0444 in a 0700 folder: the agent's user reads it, the host's others do not.

    Raises SidecarError where the folder cannot take it.
    """
    for link in (path, path.parent):
        if link.is_symlink():
            raise SidecarError(str(link), "is a link", "Remove it: a token is kept in the folder itself")
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.parent.chmod(0o700)
        _replace(path, agent_config(token, key))
    except OSError as error:
        cause = f"cannot be written: {error.strerror or 'unknown cause'}"
        raise SidecarError(str(path), cause, "Check the folder, its rights and the space") from error


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".agent.")
    staged = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(0o444)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def mask(text: str, token: str | None = None) -> str:
    """Return the text without the token, if one is given, and without whatever looks like one."""
    return _SUSPECT.sub(MASK, text.replace(token, MASK) if token else text)


def take_from_environment() -> str | None:
    """Return $TRACING_TOKEN and remove it from this process's environment, so that no child inherits it."""
    return os.environ.pop(TOKEN_VARIABLE, None)
