"""What a service names on this machine and is not there: Compose would stop at it, or mount an empty folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sidecar.spec.records import Build, Service


class Missing(NamedTuple):
    """One path that is not there."""

    field: str
    """As provenance has it, below the service: `build.context`."""
    cause: str
    fix: str


def missing(service: Service, folder: Path) -> Iterator[Missing]:
    """Yield what is not there of a service's paths, which start at the spec's folder."""
    if service.build:
        yield from _of_build(service.build, folder)
    for name in service.env_files:
        if not _is_there(folder / name):
            yield Missing(
                "env_files",
                f"{name} is not there; `up` stops at it",
                "Write the file, or leave it out",
            )
    for volume in service.volumes:
        if not volume.named and not _is_there(folder / volume.source):
            cause = f"{volume.source} is not there; the engine would make it, as an empty folder that root owns"
            yield Missing("volumes", cause, "Make it first, whether file or folder")


def _of_build(build: Build, folder: Path) -> Iterator[Missing]:
    if build.is_remote:
        return
    context = folder / build.context
    dockerfile = context / (build.dockerfile or "Dockerfile")
    if not _is_there(context):
        yield Missing(
            "build.context",
            f"{build.context} is not there; nothing can be built",
            "Name the folder",
        )
    elif not _is_there(dockerfile):
        field = "build.dockerfile" if build.dockerfile else "build.context"
        cause = (
            f"{build.dockerfile or 'Dockerfile'} is not in {build.context}; nothing can be built"
        )
        yield Missing(field, cause, "Name the file with `dockerfile`, relative to the context")


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:  # no right to look: not known to be missing
        return True
    return True
