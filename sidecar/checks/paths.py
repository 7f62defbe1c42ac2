"""Checks of the paths that a service names on this machine, which Compose builds from or mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sidecar.findings import Problem
    from sidecar.spec.records import Build, Service


def check_paths(service: Service, folder: Path) -> Iterator[tuple[str, Problem | None]]:
    """Yield (field below the service, problem) for each path, which starts at the spec's folder."""
    if service.build and not service.build.is_remote:
        yield from _build(service.build, folder)
    for name in service.env_files:
        yield "env_files", services.env_file(name, exists=_exists(folder / name))
    for volume in service.volumes:
        if not volume.named:
            exists = _exists(folder / volume.source)
            yield "volumes", services.volume_source(volume.source, exists=exists)


def _build(build: Build, folder: Path) -> Iterator[tuple[str, Problem | None]]:
    context = folder / build.context
    if problem := services.build_context(build.context, exists=_exists(context)):
        yield "build.context", problem
        return
    exists = _exists(context / (build.dockerfile or "Dockerfile"))
    field = "build.dockerfile" if build.dockerfile else "build.context"
    yield field, services.dockerfile(build.dockerfile, build.context, exists=exists)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:  # no permission to look: not known to be missing
        return True
    return True
