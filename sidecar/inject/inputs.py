"""What `sidecar inject` is asked about: a Compose file, or Kubernetes manifests."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.existing.compose.files import NAMES, OVERRIDES, found_in, named
from sidecar.existing.manifests.stream import BOM
from sidecar.rules.manifests import kind_of_input
from sidecar.rules.specs import UNREADABLE_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

COMPOSE, MANIFESTS = "compose", "manifests"
STANDARD_INPUT = Path("-")
_KEY = re.compile(
    rb"^(?:\xef\xbb\xbf)?[{\s\"']*(?P<key>services|include|apiVersion|kind|items|metadata)"
    rb"[\"']?\s*:",
    re.MULTILINE,
)
_TOP = re.compile(
    rb"^(?:\xef\xbb\xbf)?(?:[\"']?)(?P<key>services|include|apiVersion|kind)[\"']?[ \t]*:",
    re.MULTILINE,
)
_NOTHING = re.compile(rb"^\s*(?:#.*|---.*)?(?:\n|\Z)", re.MULTILINE)
BEGINNING = 1024 * 1024
_COMPOSE_KEYS = (b"services", b"include")


class NeitherError(SidecarError):
    """The first path holds neither a Compose file nor manifests."""

    head = b""
    """What was read of standard input."""


def kind_of(paths: Sequence[Path], stdin: BinaryIO) -> tuple[str, bytes]:
    """Return compose or manifests, and what was read from standard input.

    Of manifests, that is the beginning: a stream may be larger than the memory.
    Without a path, it is the Compose file of this folder. The first path decides. Raises
    SidecarError where it cannot be read, and NeitherError where it is neither.
    """
    if not paths:
        return COMPOSE, b""
    first = paths[0]
    if first == STANDARD_INPUT:
        data = stdin.read(BEGINNING)
        try:
            kind = _kind(data, "standard input")
        except NeitherError as error:
            error.head = data
            raise
        return kind, data + stdin.read() if kind == COMPOSE else data
    with files.reading(first, id=UNREADABLE_FILE.id):
        if first.is_dir():
            return _kind_of_folder(first), b""
        with first.open("rb") as file:
            return _kind(file.read(BEGINNING), str(first)), b""


def _kind_of_folder(folder: Path) -> str:
    return COMPOSE if named(folder, os.environ) or found_in(folder) else MANIFESTS


def _kind(data: bytes, name: str) -> str:
    """Return the kind by the first key that only one of the two has at its top level.

    Nothing is parsed: a stream may hold thousands of documents, or templates.
    """
    found = _TOP.search(data) or _KEY.search(data)
    if found:
        return COMPOSE if found["key"] in _COMPOSE_KEYS else MANIFESTS
    if Path(name).name in (*NAMES, *OVERRIDES):
        return COMPOSE  # whose reader says what is wrong
    if problem := kind_of_input(data, is_known=is_nothing(data)):
        raise NeitherError.from_problem(name, problem)
    return MANIFESTS  # what a chart renders to may be nothing


def is_nothing(data: bytes) -> bool:
    """Tell whether a file that begins so holds nothing but comments."""
    return not _NOTHING.sub(b"", data.removeprefix(BOM))
