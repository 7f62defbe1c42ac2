"""The kit's lines in the .env file that Compose reads; every other line is the user's and stays."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = ".env"


def merged(text: str, values: Mapping[str, str | None]) -> str:
    """Return a .env text with the values set in place or appended; None removes a variable's lines."""
    left = dict(values)
    kept = []
    for line in text.splitlines():
        name = _variable(line)
        if name not in values:
            kept.append(line)
        elif left.get(name) is not None:
            kept.append(f"{name}={left.pop(name)}")
    kept += [f"{name}={value}" for name, value in left.items() if value is not None]
    return "".join(f"{line}\n" for line in kept)


def update(folder: Path, values: Mapping[str, str | None]) -> bool:
    """Set variables in the folder's .env atomically; return whether it changed. No file is made for nothing.

    Raises SidecarError where the file cannot be read or written.
    """
    path = folder / NAME
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = merged(before, values)
        if after == before:
            return False
        _write(path.resolve(), after)
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise SidecarError(str(path), f"cannot be updated: {cause}", "Choose another folder with --out") from error
    return True


def _write(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    descriptor, name = tempfile.mkstemp(prefix=".env-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _variable(line: str) -> str:
    match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line)
    return match.group(1) if match else ""
