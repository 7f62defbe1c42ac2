"""What is handed on for help: one archive of a deployment's state, without any token."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.rules import watch as rules
from sidecar.watch.scan import finds_token, masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FOLDER = "sidecar-bundle"
_MODE = 0o600
"""Not for everybody: logs and settings may hold more than tokens."""


def write(path: Path, contents: Mapping[str, str], tokens: Iterable[str]) -> None:
    """Write an archive of texts by name, with every token masked.

    Raises SidecarError, and writes nothing, where a token is still found.
    """
    known = frozenset(tokens)
    clean = {name: masked(text, known) for name, text in contents.items()}
    for name, text in clean.items():
        if finds_token(text, known) or finds_token(name, known):
            raise SidecarError.from_problem(str(path), rules.bundle(masked(name, known)))
    with files.writing(path):
        files.write(path, _archive(clean), _MODE)


def _archive(contents: Mapping[str, str]) -> bytes:
    now = int(time.time())
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in sorted(contents.items()):
            data = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), now, _MODE
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=now)
