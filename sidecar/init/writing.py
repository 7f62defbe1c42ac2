"""Writes sidecar.yaml and its schema: completely or not at all, and over no file by accident."""

from __future__ import annotations

import difflib
import json
import os
from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.files import reading, write_all
from sidecar.init.document import SCHEMA_FILE
from sidecar.spec.table import spec_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def check_free(path: Path) -> None:
    """Raise SidecarError where something is at the path."""
    if os.path.lexists(path):
        fix = "Use --diff to see the changes, or --force to replace it"
        raise SidecarError(str(path), "already exists", fix)


def files(out: Path, text: str) -> dict[Path, str]:
    """Return the text of each file of a spec: itself, and the schema next to it."""
    return {out.with_name(SCHEMA_FILE): schema_text(), out: text}


def schema_text() -> str:
    """Return what `sidecar schema` prints."""
    return json.dumps(spec_schema(), indent=2) + "\n"


def check_schema_free(out: Path) -> None:
    """Raise SidecarError where a file that is not the kit's has the schema's name."""
    path = out.with_name(SCHEMA_FILE)
    if not os.path.lexists(path):
        return
    try:
        data = json.loads(yamlio.read_text(path))
    except ValueError:
        data = None
    if not isinstance(data, dict) or data.get("title") != json.loads(schema_text())["title"]:
        fix = "Move it away, or give --force"
        raise SidecarError(str(path), "already exists, and is not the kit's", fix)


def check_not_read(outs: Iterable[Path], sources: Iterable[Path]) -> None:
    """Raise SidecarError where a file to be written is one that the spec was made from."""
    sources = tuple(sources)
    for out in outs:
        if any(_same(out, source) for source in sources):
            cause = "belongs to the Compose file, which is only read"
            raise SidecarError(str(out), cause, "Name another file with --out, e.g. sidecar.yaml")


def _same(out: Path, source: Path) -> bool:
    try:
        return out.samefile(source)
    except OSError:  # one of them does not exist
        return False


def diff(path: Path, text: str) -> str:
    """Return a unified diff from the file, empty if missing, to the text.

    Raises SidecarError where the file is not text.
    """
    with reading(path):
        before = yamlio.read_text(path) if path.exists() else ""
    lines = (before.splitlines(keepends=True), text.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, str(path), f"{path} (new)"))


def write(texts: Mapping[Path, str]) -> None:
    """Write all files or none. Raises SidecarError if the folder cannot take them."""
    for path in texts:
        if path.is_symlink() or path.is_dir():
            raise SidecarError(str(path), "is a link or a folder", "Name a file with --out")
    contents = {path: text.encode() for path, text in texts.items()}
    write_all(contents, "Choose another --out; check the folder, permissions and free space")
