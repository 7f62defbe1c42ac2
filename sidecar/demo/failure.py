"""Why the sample did not start: Compose's own words without its progress, and the log of what failed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sidecar.engine.errors import indented
from sidecar.errors import SidecarError
from sidecar.secrecy import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.engine.errors import ComposeFailedError

_LOG_LINES = 15
_MISSING = re.compile(r"No such image: (\S+)|(?:pull access denied|manifest) for (\S+)")
_FIXES = (
    (
        "already allocated|address already in use|ports are not available",
        "Free the port, or stop what holds it",
    ),
    ("address pool", "Remove networks that nobody uses: docker network prune"),
    ("no space left", "Make room: docker system df"),
)
"""Compose's or the engine's words → what to do."""
_PROGRESS = re.compile(
    r"(Creat|Start|Wait|Pull|Recreat|Stopp|Remov)(ing|ed|e)?$|(Healthy|Running|Warning .*)$"
)


def explain(
    error: ComposeFailedError,
    found: Sequence[Container],
    engine: Engine,
    say: Callable[[str], None],
) -> SidecarError:
    """Return a failed start as one sentence with its fix; the log of what failed is said before."""
    words = [
        line.strip() for line in error.cause.splitlines()[1:] if not _PROGRESS.search(line.strip())
    ]
    cause = words[-1].removeprefix("Error response from daemon: ") if words else error.cause
    failed = _failed(found)
    if failed:
        cause = f"{failed.service} is {failed.health or failed.status}"
        say(f"the end of {failed.service}'s log:\n{_end_of(failed, engine)}")
    return SidecarError("demo", cause, _fix(cause, failed))


def _failed(found: Sequence[Container]) -> Container | None:
    """Return the container to blame: one that ended or is unhealthy, else one that never answered."""
    ended = [
        one
        for one in found
        if one.status not in {"created", "running"} or one.health == "unhealthy"
    ]
    return next(iter([*ended, *(one for one in found if one.health == "starting")]), None)


def _end_of(failed: Container, engine: Engine) -> str:
    try:
        return indented(mask(engine.containers.logs(failed.identity)), _LOG_LINES)
    except SidecarError as error:
        return indented(str(error))


def _fix(cause: str, failed: Container | None) -> str:
    if failed:
        return "Its log, above, tells why"
    if missing := _MISSING.search(cause):
        return _fix_of_image(missing[1] or missing[2])
    return next((fix for words, fix in _FIXES if re.search(words, cause)), "")


def _fix_of_image(image: str) -> str:
    named = [
        name for name, value in os.environ.items() if name.startswith("SIDECAR_") and value == image
    ]
    return (
        f"Unset {named[0]}, or name an image that is there"
        if named
        else "Obtain it: sidecar images"
    )
