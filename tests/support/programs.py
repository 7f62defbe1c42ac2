"""Programs that tests run: those on PATH, then those of the test bed that LAB_DIR names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def lab() -> Path | None:
    """Return the test bed's folder; None where LAB_DIR names none."""
    named = os.environ.get("LAB_DIR")
    return Path(named) if named else None


def find_program(name: str) -> str | None:
    """Return a program's path; None where it is not installed."""
    folder = lab()
    return shutil.which(name) or (shutil.which(name, path=str(folder / "bin")) if folder else None)
