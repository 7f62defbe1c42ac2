"""Finds the checkout that the running package comes from, if it comes from one."""

from __future__ import annotations

from pathlib import Path

import sidecar


def find_checkout() -> Path | None:
    """Return the folder that holds this package and its Dockerfile; None for an installed wheel."""
    folder = Path(sidecar.__file__).resolve().parent.parent
    return folder if (folder / "Dockerfile").is_file() else None
