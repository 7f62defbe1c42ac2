"""The names of images as the chart's values have them: a file beside .env for `helm install -f`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import yamlio
from sidecar.rendering import HEADER, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "images-values.yaml"
_HEAD = f"{HEADER} images: where the chart's names are not what is here. helm install NAME CHART -f {NAME}"


def update(folder: Path, names: Mapping[str, str | None]) -> bool:
    """Set role → name (agent, sample, gateway) in the folder's file; return whether it changed.

    None means the chart's own name. No file is made for nothing. Raises SidecarError where it cannot be written, or
    another hand wrote it.
    """
    changed = {role: name for role, name in sorted(names.items()) if name}
    text = f"{_HEAD}\nimages: {yamlio.flow(changed)}\n"
    path = folder / NAME
    if not changed and not path.exists():
        return False
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write({NAME: text}, folder)
    return True
