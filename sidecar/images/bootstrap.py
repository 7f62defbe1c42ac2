"""Finds debootstrap: the host's, or a private copy from the host's package archive."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.images.process import run_logged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.engine.images import Progress

KEYRINGS = (Path("/usr/share/keyrings/debian-archive-keyring.gpg"),)
_TOOLS = ("apt-get", "dpkg-deb", "wget")


@dataclass(frozen=True)
class Debootstrap:
    """A debootstrap that can be started."""

    argv: tuple[str, ...]
    keyring: Path
    """The keys that sign Debian's archive."""
    environment: Mapping[str, str] = field(default_factory=dict)


def find_debootstrap(work: Path, progress: Progress) -> Debootstrap:
    """Return the host's debootstrap and keyring; absent ones are unpacked below `work`.

    Nothing is installed. Raises SidecarError where an absent one cannot be fetched.
    """
    program = shutil.which("debootstrap")
    keyring = next((path for path in KEYRINGS if path.is_file()), None)
    if keyring is None:
        keyring = _unpacked("debian-archive-keyring", work, progress) / KEYRINGS[0].relative_to("/")
    if program:
        return Debootstrap((program,), keyring)
    root = _unpacked("debootstrap", work, progress)
    scripts = {"DEBOOTSTRAP_DIR": str(root / "usr/share/debootstrap")}
    return Debootstrap(("sh", str(root / "usr/sbin/debootstrap")), keyring, scripts)


def _unpacked(package: str, work: Path, progress: Progress) -> Path:
    folder = work / package
    folder.mkdir()
    absent = [name for name in _TOOLS if shutil.which(name) is None]
    if absent:
        cause = f"it is not installed and cannot be fetched without {', '.join(absent)}"
        fix = f"Install {package} with the host's package manager, or use --source registry"
        raise SidecarError(package, cause, fix)
    try:
        run_logged(["apt-get", "download", package], progress, folder)
    except SidecarError as error:
        fix = f"Try `apt-get update && apt-get install {package}`"
        raise SidecarError(package, error.cause, fix) from error
    root = folder / "root"
    run_logged(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), str(root)], progress)
    return root
