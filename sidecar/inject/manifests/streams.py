"""Whole streams: files, folders and standard input, one document in memory at a time."""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Protocol

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.existing.manifests.stream import split
from sidecar.rules.manifests import folder
from sidecar.rules.specs import UNREADABLE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sidecar.existing.manifests.stream import Piece
    from sidecar.inject.manifests.documents import Changed, Outcome

STANDARD_INPUT = "standard input"
_SUFFIXES = (".yaml", ".yml", ".json")
_IN_MEMORY = 4 * 1024 * 1024
"""Bytes of a stream beyond which it is kept in a temporary file."""


_reading = partial(files.reading, id=UNREADABLE_FILE.id)


@dataclass(frozen=True)
class Source:
    """One stream of manifests."""

    name: str
    """In messages."""
    path: Path | None
    """None: standard input."""
    held: IO[bytes] | None = None
    """What standard input held."""

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the stream at its start."""
        if self.held is not None:
            self.held.seek(0)
            yield self.held
        elif self.path is not None:
            with _reading(self.path), self.path.open("rb") as file:
                yield file


def sources(
    paths: Sequence[Path], head: bytes, stdin: IO[bytes], *, recursive: bool
) -> list[Source]:
    """Return the streams of files, folders and `-`; `head` is what was read of standard input."""
    found: list[Source] = []
    for path in paths:
        if str(path) == "-":
            held = temporary()
            held.write(head)
            shutil.copyfileobj(stdin, held)
            found.append(Source(STANDARD_INPUT, None, held))
        else:
            found += [Source(str(file), file) for file in files_of(path, recursive=recursive)]
    return found


def temporary() -> IO[bytes]:
    """Return a file without a name, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


class Transform(Protocol):
    """What happens to the documents of a stream."""

    def change(self, piece: Piece, file: str) -> tuple[Changed, int]:
        """Return a document changed, and how many bytes in front of it do not stay."""
        ...

    def end(self, file: str, *, ended: bool) -> bytes:
        """Return what goes behind the stream; `ended`: its last line is."""
        ...


def change(
    source: Source,
    transform: Transform,
    sink: IO[bytes],
    observe: Callable[[Outcome], None],
) -> None:
    """Write a stream with each of its documents changed."""
    with source.opened() as lines:
        for piece in split(lines):
            changed, before = transform.change(piece, source.name)
            if before:
                sink.seek(-before, io.SEEK_END)
                sink.truncate()
            sink.write(changed.data)
            for outcome in changed.outcomes:
                observe(outcome)
    sink.write(transform.end(source.name, ended=_ends_line(sink)))


def _ends_line(sink: IO[bytes]) -> bool:
    """Tell whether a stream ends with its last line; an empty one does."""
    if not sink.tell():
        return True
    sink.seek(-1, io.SEEK_END)
    return sink.read(1) == b"\n"


def copy(source: Source, sink: IO[bytes]) -> None:
    """Write a stream as it is."""
    with source.opened() as file:
        shutil.copyfileobj(file, sink)


def join(parts: Sequence[IO[bytes]], sink: IO[bytes]) -> None:
    """Write streams behind each other as one stream; a single one as it is."""
    for number, part in enumerate(parts):
        if number:
            part_before = parts[number - 1]
            part_before.seek(-1, io.SEEK_END) if part_before.tell() else None
            sink.write(b"" if part_before.read(1) in (b"\n", b"") else b"\n")
            part.seek(0)
            sink.write(b"" if part.read(4).strip() == b"---" else b"---\n")
        part.seek(0)
        shutil.copyfileobj(part, sink)


def files_of(path: Path, *, recursive: bool) -> list[Path]:
    """Return a file itself, and of a folder the files that kubectl would read.

    Raises SidecarError where a folder has none.
    """
    with _reading(path):
        if not path.is_dir():
            return [path]
        inside = path.rglob("*") if recursive else path.iterdir()
        found = sorted(file for file in inside if file.suffix in _SUFFIXES and file.is_file())
    if problem := folder(holds_manifests=bool(found)):
        raise SidecarError.from_problem(str(path), problem)
    return found
