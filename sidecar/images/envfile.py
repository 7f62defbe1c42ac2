"""The kit's lines in the .env file that Compose reads; every other line is the user's and stays."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = ".env"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
"""Not str.splitlines, which breaks a value at a form feed or a U+2028."""


def merged(text: str, values: Mapping[str, str | None]) -> str:
    """Return a .env text with the values set in place or appended; None removes a variable's lines."""
    left = dict(values)
    kept = []
    lines = _LINE.findall(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    for line in lines:
        name = _variable(line)
        if name not in values:
            kept.append(line)
        elif left.get(name) is not None:
            kept.append(f"{name}={left.pop(name)}{end}")
    added = [f"{name}={value}{end}" for name, value in left.items() if value is not None]
    if added and kept and not kept[-1].endswith("\n"):
        kept.append(end)
    return "".join([*kept, *added])


def update(folder: Path, values: Mapping[str, str | None]) -> bool:
    """Set variables in the folder's .env atomically; return whether it changed. No file is made for nothing.

    Raises SidecarError where the file cannot be read or written.
    """
    path = folder / NAME
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        after = merged(before, values)
        if after == before:
            return False
        _write(path.resolve(), after)
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise SidecarError(
            str(path), f"cannot be updated: {cause}", "Choose another folder with --out"
        ) from error
    return True


def _write(path: Path, text: str) -> None:
    old = path.stat() if path.exists() else None
    descriptor, name = tempfile.mkstemp(prefix=".env-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old:
                with contextlib.suppress(PermissionError):  # only root gives a file away
                    os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, old.st_mode & 0o777 if old else 0o644)
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _variable(line: str) -> str:
    match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
    return match.group(1) if match else ""
