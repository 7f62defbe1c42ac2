"""What `sidecar inject` is asked about: a Compose file, or Kubernetes manifests."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.existing.compose.files import NAMES, OVERRIDES, found_in, named

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
_BEGINNING = 1024 * 1024
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
        data = stdin.read(_BEGINNING)
        try:
            kind = _kind(data, "standard input")
        except NeitherError as error:
            error.head = data
            raise
        return kind, data + stdin.read() if kind == COMPOSE else data
    with files.reading(first):
        if first.is_dir():
            return _kind_of_folder(first), b""
        with first.open("rb") as file:
            return _kind(file.read(_BEGINNING), str(first)), b""


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
    if not _NOTHING.sub(b"", data):
        return MANIFESTS  # what a chart renders to may be nothing
    if b"\0" in data:
        raise NeitherError(name, "is not UTF-8 text", "Save it as UTF-8")
    cause = "is neither a Compose file nor a manifest: no `services`, no `apiVersion`"
    raise NeitherError(name, cause, "Name a Compose file, manifests, a folder, or -")
