"""Obtains the images of a deployment and leaves their names where Compose reads them."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import dotenv, files, image_names
from sidecar.checkout import find_checkout
from sidecar.console import table
from sidecar.engine.client import connect
from sidecar.errors import SidecarError
from sidecar.images.mirrors import debian_mirror
from sidecar.images.obtain import Obtainer, Surroundings
from sidecar.images.progress import ProgressLine
from sidecar.images.site import host_site
from sidecar.rendering import require_rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.images import Progress
    from sidecar.images.obtain import Obtained, Wish


def deliver(wish: Wish, folder: Path, mirror: str | None = None) -> list[Obtained]:
    """Obtain what the wish names and update the folder's .env; progress goes to standard error.

    `mirror` is Debian's, for a base from source; None is the host's own. Raises SidecarError.
    """
    require_rendered(folder)
    line = ProgressLine()
    try:
        obtained = _obtain(wish, _surroundings(mirror, line))
    except OSError as error:
        subject = str(error.filename or folder)
        raise SidecarError(
            subject, error.strerror or str(error), "Make room or access, then run it again"
        ) from error
    finally:
        line.clear()
    if not wish.dry_run and dotenv.update(folder, variables(obtained)):
        line.say(f"{folder / dotenv.NAME}: names of images updated")
    return obtained


def variables(obtained: list[Obtained]) -> dict[str, str | None]:
    """Return Compose's variables; None where the default already says the name."""
    defaults = {image.variable: image.name for image in image_names.official()}
    found = {entry.image.variable: entry.image.name for entry in obtained}
    return {
        variable: None if defaults[variable] == name else name for variable, name in found.items()
    }


def as_text(obtained: list[Obtained]) -> str:
    """Return a table of the images, how each was obtained, and its size."""
    rows = [
        (entry.image.role, entry.image.name, entry.way, _megabytes(entry.size))
        for entry in obtained
    ]
    return table(("ROLE", "IMAGE", "WAY", "SIZE"), rows)


def _obtain(wish: Wish, around: Surroundings) -> list[Obtained]:
    obtainer = Obtainer(wish, around)
    if wish.dry_run:
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


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size else "-"
