"""Finds services that are built on an agent's or a tracing backend's image: they count as such."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.errors import SidecarError
from sidecar.existing.compose import software, syntax
from sidecar.existing.compose.interpolation import resolve
from sidecar.existing.compose.records import Text

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeService

_STARTS = {
    key: re.compile(rf"^[ \t]*{key}[ \t]+(?P<words>.+)$", re.IGNORECASE | re.MULTILINE)
    for key in ("CMD", "ENTRYPOINT")
}
_ENV = re.compile(r"^[ \t]*ENV[ \t]", re.IGNORECASE | re.MULTILINE)


def dockerfile_of(service: ComposeService, folder: Path) -> Text | None:
    """Return the Dockerfile of a service that is built here; None where it cannot be read."""
    if service.build is None or service.build.is_remote:
        return None
    if service.dockerfile:
        return service.dockerfile
    path = folder / service.build.context / (service.build.dockerfile or "Dockerfile")
    with suppress(SidecarError, OSError, ValueError):
        if path.is_file():
            text = yamlio.read_text(path)
            return Text(text, str(path), resolve("", {}))
    return None


def as_its_base(service: ComposeService, dockerfile: Text) -> ComposeService:
    """Return a service as one of the image that its Dockerfile begins with, if that is a tracer's.

    The values that it gives to variables are not looked at.
    """
    base = software.base_of(dockerfile.raw)
    if not software.is_tracer(base):
        return service
    command, entrypoint = _words(dockerfile, "CMD"), _words(dockerfile, "ENTRYPOINT")
    return replace(
        service,
        image=Text(base, _place(dockerfile, dockerfile.raw.rfind(base)), resolve(base, {})),
        build=None,
        command=service.command or command,
        entrypoint=service.entrypoint or entrypoint or None,
        unseen=("*",) if _ENV.search(dockerfile.raw) else service.unseen,
    )


def _words(dockerfile: Text, key: str) -> tuple[Text, ...]:
    found = list(_STARTS[key].finditer(dockerfile.raw))[-1:]
    for start in found:
        line = start["words"].strip()
        words = syntax.words(line) or ()
        with suppress(ValueError):
            words = tuple(map(str, json.loads(line)))
        place = _place(dockerfile, start.start("words"))
        return tuple(Text(word, place, resolve(word, {})) for word in words)
    return ()


def _place(dockerfile: Text, index: int) -> str:
    """Return FILE:LINE; that of the text as a whole where a Compose file holds it."""
    if re.search(r":\d+\Z", dockerfile.place):
        return dockerfile.place
    return f"{dockerfile.place}:{dockerfile.raw.count(chr(10), 0, max(index, 0)) + 1}"
