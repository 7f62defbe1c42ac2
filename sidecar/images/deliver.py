"""Obtains the images of a deployment and writes their names where Compose reads them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sidecar import dotenv, files, image_names
from sidecar.checkout import find_checkout
from sidecar.console import table
from sidecar.engine.client import connect
from sidecar.errors import SidecarError
from sidecar.images.mirrors import debian_mirror
from sidecar.images.obtain import Obtainer, Surroundings
from sidecar.images.site import host_site
from sidecar.rendering import require_rendered
from sidecar.rules.collectors import DEFAULT_VERSION as COLLECTOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.images import Progress
    from sidecar.images.obtain import ImageOptions, Obtained

PLAIN_SECONDS = 10.0
"""Without a terminal there is at most one line of progress in this time."""


def deliver(options: ImageOptions, folder: Path, mirror: str | None = None) -> list[Obtained]:
    """Obtain the images and update the folder's .env; progress goes to standard error.

    `mirror` is Debian's, for a base from source; None is the host's. Raises SidecarError.
    """
    require_rendered(folder)
    line = ProgressLine()
    try:
        obtained = _obtain(options, _surroundings(mirror, line))
    except OSError as error:
        subject, cause = str(error.filename or folder), error.strerror or str(error)
        fix = "Free disk space or grant access, then run it again"
        raise SidecarError(subject, cause, fix) from error
    finally:
        line.clear()
    if not options.dry_run and dotenv.update(folder, variables(obtained)):
        line.say(f"{folder / dotenv.NAME}: names of images updated")
    return obtained


def variables(obtained: list[Obtained]) -> dict[str, str | None]:
    """Return Compose's variables; None where the name is the default."""
    images = (*image_names.official(), image_names.collector(COLLECTOR_VERSION))
    defaults = {image.variable: image.name for image in images}
    names: dict[str, str | None] = {}
    for entry in obtained:
        variable, name = entry.image.variable, entry.image.name
        names[variable] = None if defaults[variable] == name else name
    return names


def as_text(obtained: list[Obtained]) -> str:
    """Return a table of the images, how each was obtained, and its size."""
    rows = [
        (entry.image.role, entry.image.name, entry.way, _megabytes(entry.size))
        for entry in obtained
    ]
    return table(("ROLE", "IMAGE", "WAY", "SIZE"), rows)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size else "-"


def _obtain(options: ImageOptions, around: Surroundings) -> list[Obtained]:
    obtainer = Obtainer(options, around)
    if options.dry_run:
        return obtainer.all()
    with one_at_a_time(around.say):
        return obtainer.all()


@contextmanager
def one_at_a_time(say: Progress) -> Iterator[None]:
    """Wait for another `sidecar images` of this user: it removes stages that this one builds on."""
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    path = Path(folder) / f"sidecar-images-{os.geteuid()}.lock"
    with files.locked_file(path, lambda: say("waiting for another `sidecar images` to end")):
        yield


def _surroundings(mirror: str | None, line: ProgressLine) -> Surroundings:
    return Surroundings(
        images=connect().images,
        site=host_site(),
        mirror=debian_mirror(mirror),
        checkout=find_checkout(),
        say=line.say,
        progress=line.progress,
    )


class ProgressLine:
    """Shows long work on standard error: decisions stay, progress is replaced by what follows.

    Without a terminal, some lines of progress are printed and stay.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._moving = self._stream.isatty()
        self._last = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.clear()
        print(text, file=self._stream, flush=True)
        self._last = time.monotonic()

    def progress(self, text: str) -> None:
        """Show what is happening now."""
        shown = f"  {_printable(text)}"
        if self._moving:
            columns = shutil.get_terminal_size().columns
            print(f"\r\x1b[K{shown[: columns - 1]}", end="", file=self._stream, flush=True)
        elif time.monotonic() - self._last >= PLAIN_SECONDS:
            self.say(shown)

    def clear(self) -> None:
        """Clear the moving line."""
        if self._moving:
            print("\r\x1b[K", end="", file=self._stream, flush=True)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
