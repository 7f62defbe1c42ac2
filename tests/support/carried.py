"""The folder that `pip install --target` makes of the runtime: copied, without a network."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

import sidecar_tracing
from sidecar_tracing.carried import NEEDS

_UNUSED = shutil.ignore_patterns("__pycache__")


def carry(folder):
    """Copy the package, and what it needs, into a folder."""
    for name in NEEDS:
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
            source = Path(distribution(name).locate_file(top))
            if source.is_dir():
                shutil.copytree(source, folder / top, ignore=_UNUSED)
            else:
                shutil.copy(source, folder / top)
    home = Path(sidecar_tracing.__file__).parent
    shutil.copytree(home, folder / "sidecar_tracing", ignore=_UNUSED)
    return folder
