"""Why the sample did not start: Compose's message without its progress, and the failed log."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sidecar.engine.errors import indented
from sidecar.errors import SidecarError
from sidecar.rules.recognition import mask

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
        "Free the port, or stop the program that holds it",
    ),
    ("address pool", "Run `docker network prune` to remove unused networks"),
    ("no space left", "Free disk space; `docker system df` shows its use"),
)
"""A pattern of Compose's or the engine's message → what to do."""
_PROGRESS = re.compile(
    r"(Creat|Start|Wait|Pull|Recreat|Stopp|Remov)(ing|ed|e)?$|(Healthy|Running|Warning .*)$"
)


def explain(
    error: ComposeFailedError,
    found: Sequence[Container],
    engine: Engine,
    say: Callable[[str], None],
) -> SidecarError:
    """Return a failed start as one sentence with its fix, after printing the failed log's end."""
    failed = _failed(found)
    if failed:
        say(f"the end of {failed.service}'s log:\n{_end_of(failed, engine)}")
        cause = f"{failed.service} is {failed.health or failed.status}"
        return SidecarError("demo", cause, "See its log, above")
    cause = _message(error)
    return SidecarError("demo", cause, _fix(cause))


def _message(error: ComposeFailedError) -> str:
    lines = [line.strip() for line in error.cause.splitlines()[1:]]
    messages = [line for line in lines if not _PROGRESS.search(line)]
    if not messages:
        return error.cause
    return messages[-1].removeprefix("Error response from daemon: ")


def _failed(found: Sequence[Container]) -> Container | None:
    """Return the container that failed: one that ended or is unhealthy, else one still starting."""
    for container in found:
        if container.status not in {"created", "running"} or container.health == "unhealthy":
            return container
    return next((container for container in found if container.health == "starting"), None)


def _end_of(failed: Container, engine: Engine) -> str:
    try:
        return indented(mask(engine.containers.logs(failed.identity)), _LOG_LINES)
    except SidecarError as error:
        return indented(str(error))


def _fix(cause: str) -> str:
    if missing := _MISSING.search(cause):
        return _fix_of_image(missing[1] or missing[2])
    return next((fix for pattern, fix in _FIXES if re.search(pattern, cause)), "")


def _fix_of_image(image: str) -> str:
    for name, value in os.environ.items():
        if name.startswith("SIDECAR_") and value == image:
            return f"Unset {name}, or name an image that exists"
    return "Run `sidecar images`"
