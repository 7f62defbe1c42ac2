"""The inputs of an image: its build context as a tar stream, and a digest that shows changes."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from typing import IO, TYPE_CHECKING

from docker.utils.build import exclude_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

INPUTS_LABEL = "io.sidecar-kit.inputs"
STAGE_LABEL = "io.sidecar-kit.stage"
KEPT_STAGES = {"final": 0, "gateway": 1, "sample": 1, "agent": 1, "collector": 1, "base": 0}
"""The label's values in the order of removal → how many unnamed images stay.

A stage that stays is the next build's cache.
"""


def digest_of(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return a SHA-256 over named contents; with their lengths, so that no two lists are alike."""
    total = hashlib.sha256()
    for name, content in parts:
        total.update(f"{len(name)}:{name}:{len(content)}:".encode())
        total.update(content)
    return total.hexdigest()


def context_files(folder: Path) -> list[str]:
    """Return the paths that .dockerignore lets into a build, sorted, files only."""
    rules = (folder / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [rule.strip() for rule in rules if rule.strip() and not rule.startswith("#")]
    found: set[str] = exclude_paths(str(folder), patterns)
    return sorted(path for path in found if (folder / path).is_file() and path != ".dockerignore")


def selected(paths: Iterable[str], roots: Iterable[str]) -> list[str]:
    """Return the paths that are one of the roots or below one."""
    kept = tuple(roots)
    folders = tuple(f"{root}/" for root in kept)
    return [path for path in paths if path in kept or path.startswith(folders)]


def digest_of_files(folder: Path, paths: Iterable[str], *more: tuple[str, bytes]) -> str:
    """Return the digest of files, with their names and executable bits, and of `more`."""
    parts = []
    for path in paths:
        file = folder / path
        parts.append((f"{path}:{_is_executable(file)}", file.read_bytes()))
    return digest_of([*parts, *more])


def context_tar(folder: Path, paths: Iterable[str], extra: Mapping[str, bytes]) -> IO[bytes]:
    """Return a tar stream of files below a folder and of `extra` contents by path."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path in paths:
            with (folder / path).open("rb") as source:
                archive.addfile(_entry(path, folder / path), source)
        for path, content in sorted(extra.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    stream.seek(0)
    return stream


def _entry(name: str, path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = path.stat().st_size, int(path.stat().st_mtime)
    entry.mode = 0o755 if _is_executable(path) else 0o644
    return entry


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o111)
