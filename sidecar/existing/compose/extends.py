"""What a service extends: moved from another folder, and put below the service's own settings."""

from __future__ import annotations

import os
from dataclasses import fields as record_fields
from dataclasses import replace
from pathlib import Path
from typing import Any

from sidecar.existing.compose.records import ComposeService, is_elsewhere

_APPENDED = (
    "ports",
    "env_files",
    "aliases",
    "links",
    "profiles",
    "labels",
    "findings",
)
_BY_KEY = ("environment", "depends_on", "dependencies", "networks", "places")
_KEYS = {
    "env_files": "env_file",
    "aliases": "networks",
    "dependencies": "depends_on",
}
"""Field → its key, where the two differ."""


def moved(service: ComposeService, folder: Path) -> ComposeService:
    """Return a service of a file in another folder, with its relative paths as seen from here."""
    if folder == Path():
        return service

    def path(text: str) -> str:
        return text if is_elsewhere(text) else f"./{os.path.normpath(folder / text)}"

    build = service.build and replace(service.build, context=path(service.build.context))
    return replace(
        service,
        build=build,
        env_files=tuple(map(path, service.env_files)),
    )


def merged(base: ComposeService, own: ComposeService) -> ComposeService:
    """Return a service over the one that it extends.

    Lists are appended and maps are merged; other values are replaced.
    """
    names = [field.name for field in record_fields(ComposeService)]
    values = {name: _merged_value(name, base, own) for name in names}
    return replace(own, **{**values, "name": own.name, "place": own.place, "tag": own.tag})


def _merged_value(name: str, base: ComposeService, own: ComposeService) -> Any:  # noqa: ANN401
    below, above = getattr(base, name), getattr(own, name)
    if _KEYS.get(name, name) in own.replaced:
        return above
    if name in _APPENDED:
        return tuple(dict.fromkeys((*below, *above)))
    if name in _BY_KEY:
        return {**below, **above}
    return below if above in (None, (), "") else above
